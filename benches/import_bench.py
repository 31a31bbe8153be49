"""Import of a 200,000-row deck, end to end in the jailed child: read, parse, check, compare with 200,000 codes in force, store."""

import datetime as dt
import resource
import tempfile
import time
from pathlib import Path

from benches import decks
from benches.result import Result
from rates.deckcheck import CheckReport, run_check
from rates.options import CheckRequest, DeckOptions

ROWS = 200_000


def run() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        return _run(Path(folder))


def _run(folder: Path) -> list[Result]:
    decks.write_csv(folder / "first.csv", ROWS, seed=1)
    decks.write_csv(folder / "second.csv", ROWS, seed=2)
    decks.write_xlsx(folder / "second.xlsx", ROWS, seed=2)
    first, seconds = _check(folder, "first.csv", None)
    results = [Result(f"CSV, {ROWS:,} rows, first deck", seconds, "s", 5)]
    for name, limit in (("second.csv", 5), ("second.xlsx", 12)):
        report, seconds = _check(folder, name, first.outputs.timeline)
        results.append(
            Result(f"{name[7:].upper()}, {ROWS:,} rows against {ROWS:,} codes in force", seconds, "s", limit)
        )
        results += [Result(f"    of which {step}", value, "s") for step, value in report.seconds.items()]
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    results.append(Result("processor time of all three checks", cpu.ru_utime + cpu.ru_stime, "s"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return [*results, Result("largest child, resident", peak, "MB")]


def _check(folder: Path, name: str, current: str | None) -> tuple[CheckReport, float]:
    out = Path(tempfile.mkdtemp(dir=folder))
    request = CheckRequest(
        path=str(folder / name),
        name=name,
        out_dir=str(out),
        deck_id=1,
        current=current,
        received_at=dt.datetime(2026, 12, 1, tzinfo=dt.UTC),
        options=DeckOptions(mode="full"),
    )
    since = time.monotonic()
    report = run_check(request)
    seconds = time.monotonic() - since
    if report.status != "ready":
        raise SystemExit(f"{name}: {report.status} {[(p.id, p.count) for p in report.problems]}")
    return report, seconds
