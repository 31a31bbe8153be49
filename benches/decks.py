"""Import of a 200,000-row deck, end to end: file -> child process -> rows -> problems -> diff -> stored timeline.

Beside it, in the same run, what merely reading the file costs: pandas.read_csv for the CSV, openpyxl
(read-only) for the XLSX. Bars of the issue: 5 s for CSV, 12 s for XLSX on two cores.
"""

from __future__ import annotations

import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import xlsxwriter

from benches import Row
from benches.machine import median_seconds
from rates.deckcheck import run_check
from rates.options import CheckRequest, Defaults, DeckOptions
from rates.store import Store

TITLE = "Deck import, 200,000 rows, one core in a jailed child"
ROWS = 200_000
RECEIVED = datetime(2026, 11, 1, tzinfo=UTC)
HEADER = ("Destination", "Code", "Rate (USD/min)", "Increment", "Effective date")


def rows(seed: int, *, changed: float = 0.0) -> list[tuple[str, str, str, str, str]]:
    """Seeded deck of ROWS codes below real-looking country codes; a share of the rates moved."""
    spread = random.Random(seed)
    base = random.Random(1)
    countries = [
        "1",
        "7",
        "20",
        "27",
        "33",
        "34",
        "39",
        "44",
        "49",
        "52",
        "55",
        "61",
        "81",
        "86",
        "91",
        "234",
        "254",
        "880",
    ]
    codes: dict[str, None] = {}
    while len(codes) < ROWS:
        codes.setdefault(base.choice(countries) + "".join(base.choices("0123456789", k=base.randint(2, 6))))
    table = []
    for number, code in enumerate(codes):
        nanos = base.randint(1_000, 300_000)
        if spread.random() < changed:
            nanos = nanos * spread.randint(90, 110) // 100
        table.append(
            (f"Country {code[:2]} area {number % 900}", code, f"{nanos / 1e6:.6f}", "1/1", "2026-11-10")
        )
    return table


def write_csv(path: Path, table: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write(",".join(HEADER) + "\n")
        out.writelines(",".join(row) + "\n" for row in table)


def write_xlsx(path: Path, table: list[tuple[str, ...]]) -> None:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False})
    sheet = book.add_worksheet("Rates")
    sheet.write_row(0, 0, HEADER)
    for number, row in enumerate(table, start=1):
        sheet.write_row(number, 0, row)
    book.close()


def check(path: Path, out: Path, current: str | None = None) -> tuple[float, dict[str, float], str]:
    """Seconds of one whole import, seconds per step, key of the stored timeline."""
    options = DeckOptions(
        mode="full", defaults=Defaults(currency="USD", effective_from="2026-11-10"), late="accept"
    )
    target = out / f"{path.name}-{'diff' if current else 'first'}"
    target.mkdir(exist_ok=True)
    request = CheckRequest(
        path=str(path),
        name=path.name,
        out_dir=str(target),
        received_at=RECEIVED,
        deck_id=1,
        options=options,
        current=current,
    )
    begun = time.perf_counter()
    report = run_check(request)
    if report.status != "ready" or report.outputs.timeline is None:
        groups = ", ".join(f"{group.id} x{group.count}" for group in report.problems)
        raise SystemExit(f"the bench deck was not accepted: {report.status}: {groups}")
    store = Store(str(out / "store"))
    key = store.put_file(report.outputs.timeline)
    taken = time.perf_counter() - begun
    return taken, report.seconds, store.path(key)


def read_openpyxl(path: Path) -> int:
    book = openpyxl.load_workbook(path, read_only=True)
    return sum(1 for _ in book.active.iter_rows(values_only=True))


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as name:
        folder = Path(name)
        first, second = rows(1), rows(2, changed=0.1)
        csv_path, csv_next, xlsx_path = folder / "deck.csv", folder / "deck2.csv", folder / "deck.xlsx"
        write_csv(csv_path, first)
        write_csv(csv_next, second)
        write_xlsx(xlsx_path, second)
        taken_csv, steps_csv, current = check(csv_path, folder)
        taken_next, steps_next, _ = check(csv_next, folder, current)
        taken_xlsx, steps_xlsx, _ = check(xlsx_path, folder, current)
        pandas_s = median_seconds(lambda: pd.read_csv(csv_path, dtype=str))
        openpyxl_s = median_seconds(lambda: read_openpyxl(xlsx_path), runs=1)

    def row(what: str, seconds: float, steps: dict[str, float], bar: str, peer: float | None) -> Row:
        return {
            "what": what,
            "seconds": f"{seconds:.2f}",
            "rows/s": f"{ROWS / seconds:,.0f}",
            "bar": bar,
            "x plain read": f"{seconds / peer:.1f}" if peer else "",
            "steps": " ".join(f"{name} {value:.2f}" for name, value in steps.items()),
        }

    return [
        row("CSV, first deck", taken_csv, steps_csv, "5 s", pandas_s),
        row("CSV, against 200,000 codes in force", taken_next, steps_next, "5 s", pandas_s),
        row("XLSX, against 200,000 codes in force", taken_xlsx, steps_xlsx, "12 s", openpyxl_s),
        row("pandas.read_csv alone", pandas_s, {}, "", None),
        row("openpyxl read-only alone", openpyxl_s, {}, "", None),
    ]
