"""SIPp as caller and as vendor, with what it counted."""

from __future__ import annotations

import csv
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.sip.lab import HOST, free_ports

HERE = Path(__file__).parent
ROOM = ["-nostdin", "-buff_size", "4000000", "-deadcall_wait", "0"]


@dataclass(frozen=True)
class Placed:
    """rate: calls a second from the first to the last."""

    calls: int
    good: int
    failed: int
    retransmitted: int
    rate: float
    stdout: str


@contextmanager
def vendor(folder: Path) -> Iterator[int]:
    """A SIPp that answers; its port."""
    port = free_ports()[0]
    command = [
        "sipp",
        "-sf",
        str(HERE / "uas.xml"),
        "-i",
        HOST,
        "-p",
        str(port),
        "-mp",
        str(free_ports()[0]),
        *ROOM,
    ]
    child = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(0.5)
        yield port
    finally:
        child.terminate()
        child.wait(20)


def place(folder: Path, scenario: str, target: int, number: str, rate: int, seconds: float) -> Placed:
    """Calls at a rate, all of them waited for."""
    stats = folder / f"stat-{time.monotonic_ns()}.csv"
    calls = int(rate * seconds)
    command = ["sipp", f"{HOST}:{target}", "-sf", str(HERE / scenario), "-s", number, "-i", HOST]
    command += ["-p", str(free_ports()[0]), "-mp", str(free_ports()[0]), "-m", str(calls), "-r", str(rate)]
    command += ["-l", str(max(rate, 100)), "-timeout", f"{int(seconds) + 60}s", *ROOM]
    command += ["-trace_stat", "-stf", str(stats), "-fd", "300"]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if not stats.exists():
        raise RuntimeError(f"SIPp: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    with stats.open() as lines:
        last = list(csv.DictReader(lines, delimiter=";"))[-1]
    hours, minutes, rest = last["ElapsedTime(C)"].split(":")[:3]
    took = int(hours) * 3600 + int(minutes) * 60 + float(rest)
    good, failed = int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])
    return Placed(
        calls, good, failed + calls - good - failed, int(last["Retransmissions(C)"]), good / took, done.stdout
    )
