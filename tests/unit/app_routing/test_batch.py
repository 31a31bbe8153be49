"""Tables of calls: read, decided in pieces, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

import lcr_core
from lcr_core.tables import Cancelled, decide_table, read_calls, write_table
from rates.schema import TIMELINE

NOW = 1_700_000_000_000_000


def snapshot(root: Path) -> lcr_core.Snapshot:
    row = {
        "code": "44", "destination": "United Kingdom", "rate_nanos": 4_000_000, "first_rate_nanos": None, "connect_fee_nanos": 0,
        "initial_increment": 1, "next_increment": 1, "free_seconds": 0, "currency": "USD", "status": 0, "effective_from": 0,
        "effective_until": None, "received_at": 0, "deck_id": 1, "deck_row": 1, "origin": None, "jurisdiction": None,
    }  # fmt: skip
    table = pa.Table.from_pylist([row], TIMELINE)
    words = {"base_currency": "USD", "fx": {}, "offers": [{"offer_id": 1, "carrier_id": 1}]}
    built = json.loads(lcr_core.build_index(str(root), json.dumps(words), [(1, table)], NOW))
    offer = {"offer_id": 1, "carrier_id": 1, "vendor": "v", "product": "p"}
    access = {"base_currency": "USD", "fx": {}, "offers": [offer]}
    lcr_core.publish(str(root), built["index"], json.dumps(access), NOW)
    return lcr_core.Snapshot.open(str(root))


def test_pieces_make_one_table_and_count_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lcr_core.tables.PIECE", 2)
    calls = pa.table({"dnis": ["442079460000", "x", "33123456789", "447700900123", "441"]})
    seen: list[tuple[int, int]] = []
    answered = decide_table(
        snapshot(tmp_path), {"at_us": NOW, "max": 1}, calls, progress=lambda d, t: seen.append((d, t)) or True
    )
    assert answered["call"].to_pylist() == [0, 1, 2, 3, 4]
    assert answered["status"].to_pylist() == ["ok", "bad_number", "no_code", "ok", "ok"]
    assert seen == [(2, 5), (4, 5), (5, 5)]
    with pytest.raises(Cancelled):
        decide_table(snapshot(tmp_path), {"at_us": NOW}, calls, progress=lambda done, total: done < 4)


@pytest.mark.parametrize("ending", ["csv", "arrow", "parquet"])
def test_calls_survive_every_form_and_numbers_stay_text(tmp_path: Path, ending: str) -> None:
    calls = pa.table({"dnis": ["0039061", "442079460000"], "at_us": [NOW, NOW]})
    path = tmp_path / f"calls.{ending}"
    write_table(calls, path)
    assert read_calls(path)["dnis"].to_pylist() == ["0039061", "442079460000"]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_file_without_dialled_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("number\n44\n")
    with pytest.raises(ValueError, match="no column dnis"):
        read_calls(path)
