"""Import end to end as the worker does it: read, parse, check, compare with as many codes in force, store. Beside it, in the same run
and on the same files, what pandas and openpyxl need to read them and nothing else."""

import datetime as dt
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benches.result import Result
from rates.deckcheck import CheckReport, run_check
from rates.options import CheckRequest, DeckOptions
from rates.store import Store

TITLE = "Import of rate decks"
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
SHEET_ROWS = 200_000
PEERS = {
    "pandas.read_csv alone": "import pandas, sys; pandas.read_csv(sys.argv[1])",
    "pandas.read_csv alone, every cell a text": "import pandas, sys; pandas.read_csv(sys.argv[1], dtype=str)",
    "openpyxl alone, read-only": (
        "import openpyxl, sys\nfor row in openpyxl.load_workbook(sys.argv[1], read_only=True).active.values: pass"
    ),
}


def run() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        return list(_run(Path(folder)))


def _run(folder: Path) -> list[Result]:
    found = [Result("start of the child, nothing to read", _start_up(), "s")]
    line = []
    for size in SIZES:
        first, _, _ = _import(folder, _csv(folder, size, 0), None)
        report, seconds, peak = _import(folder, _csv(folder, size, 1), first.outputs.timeline)
        promise = 8 if size == SIZES[-1] else None
        found.append(Result(f"CSV, {size:,} rows against {size:,} codes in force", seconds, "s", promise))
        line.append((size, seconds, sum(report.seconds.values())))
        if promise:
            found += [Result(f"    of which {step}", value, "s") for step, value in report.seconds.items()]
            found.append(Result("    child and parent together, resident at most", peak, "MB", 1500))
            found += _peers(folder / f"{size}-1.csv", "pandas")
    for size, seconds, inside in line:
        found.append(Result(f"    {size:>9,} rows: rows a second, all in all", size / seconds, "/s"))
        found.append(Result("              rows a second, without the child's start", size / inside, "/s"))
    slope, start, worst = _straight([(size, seconds) for size, seconds, _ in line])
    found.append(Result("straight line: seconds for a million rows", slope * 1e6, "s"))
    found.append(Result("straight line: seconds for none", start, "s"))
    found.append(Result("largest distance from the line", worst * 100, "%"))
    first, _, _ = _import(folder, _csv(folder, SHEET_ROWS, 0), None)
    sheet = _made(folder / "sheet.xlsx", SHEET_ROWS, 1)
    report, seconds, peak = _import(folder, sheet, first.outputs.timeline)
    found.append(Result(f"XLSX, {SHEET_ROWS:,} rows against {SHEET_ROWS:,} codes in force", seconds, "s", 8))
    found += [Result(f"    of which {step}", value, "s") for step, value in report.seconds.items()]
    found.append(Result("    child and parent together, resident at most", peak, "MB", 1500))
    return [*found, *_peers(folder / "sheet.xlsx", "openpyxl")]


def _csv(folder: Path, size: int, month: int) -> Path:
    return _made(folder / f"{size}-{month}.csv", size, month)


def _made(path: Path, size: int, month: int) -> Path:
    """A deck file, made in a process of its own so that its memory is not counted as the parent's."""
    program = (
        "import sys; from benches import decks; decks.write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))"
    )
    subprocess.run([sys.executable, "-c", program, str(path), str(size), str(month)], check=True)
    return path


def _import(folder: Path, path: Path, current: str | None) -> tuple[CheckReport, float, float]:
    """(report, seconds until all outputs are in the store, MB of child and parent at their largest)."""
    out = Path(tempfile.mkdtemp(dir=folder))
    request = CheckRequest(
        path=str(path), name=path.name, out_dir=str(out), deck_id=1, current=current,
        received_at=dt.datetime(2026, 12, 1, tzinfo=dt.UTC), options=DeckOptions(mode="full"),
    )  # fmt: skip
    store = Store(str(folder / "store"))
    since = time.monotonic()
    report = run_check(request)
    outputs = (report.outputs.problems, report.outputs.rows, report.outputs.diff, report.outputs.timeline)
    for output in outputs:
        if output:
            store.put_file(output)
    seconds = time.monotonic() - since
    if report.status != "ready":
        raise SystemExit(f"{path.name}: {report.status} {[(p.id, p.count) for p in report.problems]}")
    return report, seconds, (report.peak_bytes + _own_peak()) / 2**20


def _own_peak() -> int:
    """Bytes this process has had resident at most."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _start_up() -> float:
    since = time.monotonic()
    subprocess.run([sys.executable, "-c", "import rates.check"], check=True)
    return time.monotonic() - since


def _peers(path: Path, word: str) -> list[Result]:
    found = []
    for name, program in PEERS.items():
        if name.startswith(word):
            since = time.monotonic()
            subprocess.run([sys.executable, "-c", program, str(path)], check=True)
            found.append(Result(f"    beside it: {name}, with its start", time.monotonic() - since, "s"))
    return found


def _straight(points: list[tuple[int, float]]) -> tuple[float, float, float]:
    """(seconds a row, seconds at 0, largest share by which a point lies off) of the line of relative least squares."""
    weights = [1 / seconds**2 for _, seconds in points]
    total = sum(weights)
    x = sum(w * size for w, (size, _) in zip(weights, points, strict=True)) / total
    y = sum(w * seconds for w, (_, seconds) in zip(weights, points, strict=True)) / total
    slope = sum(
        w * (size - x) * (seconds - y) for w, (size, seconds) in zip(weights, points, strict=True)
    ) / sum(w * (size - x) ** 2 for w, (size, _) in zip(weights, points, strict=True))
    start = y - slope * x
    return slope, start, max(abs(seconds / (start + slope * size) - 1) for size, seconds in points)
