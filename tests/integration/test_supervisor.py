"""The process tree heals itself and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHILD = """
import os, signal, sys, time
path = sys.argv[1]
def end(*_):
    open(path, "a").write(f"end {os.getpid()}\\n"); sys.exit(0)
signal.signal(signal.SIGTERM, end)
open(path, "a").write(f"start {os.getpid()}\\n")
while True: time.sleep(0.05)
"""
TREE = """
import sys
from app.supervisor import ChildSpec, Supervisor
specs = [ChildSpec(name, [sys.executable, "-c", sys.argv[1], path]) for name, path in zip("ab", sys.argv[2:])]
sys.exit(Supervisor(specs).run())
"""


def wait(until: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def lines(path: Path, word: str) -> list[int]:
    if not path.exists():
        return []
    return [int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith(word + " ")]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path, Path]]:
    a, b = tmp_path / "a", tmp_path / "b"
    process = subprocess.Popen(
        [sys.executable, "-c", TREE, CHILD, str(a), str(b)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    wait(lambda: bool(lines(a, "start")) and bool(lines(b, "start")))
    yield process, a, b
    process.kill()
    process.wait()


def test_a_killed_child_is_started_again_and_the_others_are_left_alone(
    tree: tuple[subprocess.Popen[bytes], Path, Path],
) -> None:
    _, a, b = tree
    os.kill(lines(a, "start")[0], signal.SIGKILL)
    wait(lambda: len(lines(a, "start")) == 2)
    assert len(lines(b, "start")) == 1


def test_sigterm_lets_every_child_end_by_itself(tree: tuple[subprocess.Popen[bytes], Path, Path]) -> None:
    process, a, b = tree
    process.terminate()
    assert process.wait(timeout=15) == 0
    assert lines(a, "end") == lines(a, "start")
    assert lines(b, "end") == lines(b, "start")


def test_no_child_outlives_a_killed_supervisor(tree: tuple[subprocess.Popen[bytes], Path, Path]) -> None:
    process, a, b = tree
    process.kill()
    process.wait()
    wait(lambda: not alive(lines(a, "start")[0]) and not alive(lines(b, "start")[0]))
