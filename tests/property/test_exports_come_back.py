"""parse(export(d)) = d for 2,000 random decks in each format, through the whole check."""

from __future__ import annotations

import os
import random
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pytest

from rates import store
from rates.export import rows as export_rows
from rates.export import write_csv, write_xlsx
from rates.layout import Layout
from rates.notice import Terms
from rates.options import DeckOptions
from rates.parse.dates import micros
from rates.schema import ROWS, TIMELINE
from rates.timeline import apply
from tests.decks.checking import RECEIVED, check_here

DECKS, PARTS = 2000, 4
COUNTRIES = ("44", "1", "7", "93", "355", "49", "971")
LETTERS = "abcXYZ äßÇñЖ東0123 ()-/&'\"=+@,;|\t#%"
GROUPS = {"EEA": ("33", "49"), "Rest of world": ("1", "44")}
CARRIERS: Layout = (
    ("CC", "country_code"), ("Area", "area_code"), ("Terminating to", "destination"), ("Remark", "comment"),
    ("Billing increment", "increments"), ("Price per minute", "rate"), ("Valid from", "effective_from"),
)  # fmt: skip


def deck(dice: random.Random) -> pa.Table:
    """A timeline of one to nine open, blocked and closed codes, some for the callers of one origin group only."""
    layered = dice.random() < 0.2
    start = RECEIVED.replace(hour=0) + timedelta(
        days=dice.randint(1, 40), seconds=dice.choice((0, 0, 0, 3661))
    )
    made: dict[tuple[str, str | None], dict[str, Any]] = {}
    for number in range(dice.randint(1, 9)):
        code = dice.choice(COUNTRIES) + "".join(dice.choices("0123456789", k=dice.randint(0, 5)))
        rate = dice.choice((dice.randint(1, 999_999_999), dice.randint(1, 99_999) * 1000)) * 10
        made[code, dice.choice((None, "EEA", "Rest of world")) if layered else None] = {
            "sheet": "s", "row": number + 2, "destination": name(dice), "rate_nanos": rate,
            "first_rate_nanos": dice.choice((None, None, rate + 10)),
            "connect_fee_nanos": dice.choice((0, 0, dice.randint(1, 10**7) * 10)),
            "initial_increment": dice.choice((1, 6, 30, 60)), "next_increment": dice.choice((1, 6, 60)),
            "free_seconds": dice.choice((0, 0, 0, 3)), "currency": "USD", "status": dice.choice((0, 0, 0, 0, 0, 1)),
            "effective_from": start, "effective_until": dice.choice((None, None, start + timedelta(days=30))),
        }  # fmt: skip
    rows = [values | {"code": code, "origin": origin} for (code, origin), values in made.items()]
    at = micros(RECEIVED)
    terms = Terms(received_us=at, deck_from_us=at, deck_id=1, options=DeckOptions(mode="full"))
    return apply(None, pa.Table.from_pylist(rows, schema=ROWS), terms)


def name(dice: random.Random) -> str:
    """A destination as people write them: any letters, single blanks between words."""
    text = " ".join("".join(dice.choices(LETTERS, k=dice.randint(1, 14))).split())
    return dice.choice(("", "", "", "'", "'s-", "''")) + text or "Somewhere"


def write_ods(deck: pa.Table, path: Path) -> None:
    """A sheet as LibreOffice stores it: every cell a text, so that no digit is lost."""
    lines = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(c)}</text:p></table:table-cell>'
            for c in row
        )
        + "</table:table-row>"
        for row in export_rows(deck)
    )
    space = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{space}:office:1.0" '
        f'xmlns:table="{space}:table:1.0" xmlns:text="{space}:text:1.0" office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="Rates">{lines}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", f'<manifest xmlns="{space}:manifest:1.0"/>')


def write(deck: pa.Table, kind: str, path: Path) -> dict[str, Any]:
    """Export; what the receiver of such a file has to state."""
    if kind == "xlsx":
        with path.open("wb") as sink:
            write_xlsx(deck, sink)
    elif kind == "ods":
        write_ods(deck, path)
    else:
        delimiter, layout = {"tsv": ("\t", None), "carrier.csv": (";", CARRIERS)}.get(kind, (",", None))
        with path.open("w", encoding="utf-8", newline="") as text:
            write_csv(deck, text, layout, delimiter=delimiter)
        # What the carrier's template says: its headings, and that a 0 in front of an area code is dialled.
        headers = {"headers": dict(CARRIERS), "repairs": ("keep_area_zero",)} if layout else {}
        return {"delimiter": delimiter, "encoding": "utf-8", **headers}
    return {}


def said(timeline: pa.Table) -> list[dict[str, Any]]:
    """All that a deck says, but for who received it when."""
    names = [n for n in TIMELINE.names if n not in ("received_at", "deck_id", "deck_row")]
    rows: list[dict[str, Any]] = timeline.select(names).to_pylist()
    for row in rows:
        row["destination"] = " ".join(row["destination"].split())
        if row["status"]:  # no price is asked where nobody may call
            row |= {"rate_nanos": 0, "first_rate_nanos": None, "connect_fee_nanos": 0}
    return sorted(rows, key=lambda row: (row["code"], row["origin"] or ""))


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of small files are written and flushed."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", ["csv", "tsv", "carrier.csv", "xlsx", "ods"])
def test_what_is_exported_is_read_again_as_it_was(kind: str, part: int, quick: Path) -> None:
    dice = random.Random(f"{part}")
    out = quick / "out"
    for number in range(DECKS // PARTS):
        made = deck(dice)
        path = quick / f"deck.{kind}"
        stated = write(made, kind, path)
        report = check_here(path, out, decimal_mark=".", date_order="ymd", origin_groups=GROUPS, **stated)
        assert report.status == "ready", (number, report.problems, path.read_bytes()[:2000])
        again = store.read_file(report.outputs.timeline)  # type: ignore[arg-type]
        assert said(again) == said(made), (number, path.read_bytes()[:2000])
