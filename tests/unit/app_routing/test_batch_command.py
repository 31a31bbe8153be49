"""`tandem lcr batch`: a file of calls in, a file of decisions out, in numbers as the trunk writes them; stopped, no file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

import lcr_core
from app.clock import to_micros, utc_now
from tests.factories.exchange import Exchange
from tests.integration.decks.command import tandem

DECK = "Code,Destination,Rate,Increments,Currency\n44,United Kingdom,0.0040,1/1,USD\n4420,London,0.0030,1/1,USD\n1,USA,0.0020,6/6,USD\n"
TRUNK = {
    "tech_prefix": "77#",
    "normalise": {"country_code": "44", "national_prefix": "0", "international_prefixes": ["00"]},
    "hunt": {"timeout_ms": 4000, "hunt_stop": [404]},
}


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    made = Exchange.empty(tmp_path)
    made.seller("Seller", "Premium", "standard", "192.0.2.10")
    made.buyer("Buyer", dial=TRUNK)
    made.grant("dial", "Seller")
    made.deck("Seller", DECK)
    made.work("snapshot.build", "snapshot.publish")
    return made


def told(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        return csv.read_csv(
            path, convert_options=csv.ConvertOptions(column_types={"code": pa.utf8()})
        ).to_pylist()
    table = parquet.read_table(path) if path.suffix == ".parquet" else feather.read_table(path)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_numbers_are_read_as_the_trunk_writes_them(exchange: Exchange, tmp_path: Path, ending: str) -> None:
    numbers = ["77#02079460000", "00442079460000", "+12125550100", "hello", "+442079460000;rn=+12125550000"]
    calls, out = tmp_path / f"calls.{ending}", tmp_path / f"out.{ending}"
    table = pa.table({"dnis": numbers})
    if ending == "csv":
        csv.write_csv(table, calls)
    elif ending == "parquet":
        parquet.write_table(table, calls)
    else:
        feather.write_feather(table, calls)
    ended = tandem(Path(exchange.settings.data_dir), "lcr", "batch", calls, "-o", out, "--trunk", "dial")
    assert ended.code == 0, ended.err
    assert ended.json == {"calls": 5, "rows": 5, "ok": 4, "bad_number": 1}
    assert [(row["status"], row["code"] or None) for row in told(out)] == [
        ("ok", "4420"), ("ok", "4420"), ("ok", "1"), ("bad_number", None), ("ok", "4420"),
    ]  # fmt: skip


def test_the_help_names_the_columns_that_are_read(tmp_path: Path) -> None:
    said = tandem(tmp_path, "lcr", "batch", "--help").out
    assert "ani, lrn, a_lrn, at_us, call_id)" in " ".join(said.split())


def test_stopped_half_way_it_leaves_no_file(exchange: Exchange, tmp_path: Path) -> None:
    calls, folder = tmp_path / "calls.csv", tmp_path / "out"
    folder.mkdir()
    with calls.open("w") as file:
        file.write("dnis\n")
        file.writelines(f"+4420{n:08d}\n" for n in range(400_000))
    command = [
        sys.executable, "-m", "app.cli", "--data-dir", str(exchange.settings.data_dir), "lcr", "batch", str(calls),
        "-o", str(folder / "out.csv"), "--trunk", "dial",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        line = running.stderr.readline()
        assert line == "400000 calls read from calls.csv\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
    assert list(folder.iterdir()) == []


def test_a_customers_words_on_hunting_stand_in_its_answers(exchange: Exchange) -> None:
    snapshot = lcr_core.Snapshot.open(str(exchange.settings.snapshot_dir))
    question = {"trunk": exchange.trunks["dial"], "dnis": "442079460000", "at_us": to_micros(utc_now())}
    route = json.loads(snapshot.decide(json.dumps(question)))["routes"][0]
    assert (route["timeout_ms"], route["hunt_stop"], route["no_reply_ms"]) == (4000, [404], None)
