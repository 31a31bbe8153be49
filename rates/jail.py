"""Runs the child, reads its lines, and turns every way it can die into a problem."""

import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from rates.deckcheck import CheckReport, Progress
from rates.options import CheckRequest
from rates.problems import group, problem, to_table

_POLL_S = 0.1
_STEPS = ("read", "parse", "check", "compare", "store")
_ROOT = str(Path(__file__).resolve().parent.parent)


def run_child(
    request: CheckRequest, progress: Progress | None, cancelled: Callable[[], bool] | None
) -> CheckReport:
    deadline = time.monotonic() + request.limits.wall_s
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "rates.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
            cwd=_ROOT,
            start_new_session=True,
        )
        try:
            report, reason = _follow(child, request, progress, cancelled, deadline)
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
        if report is not None:
            return report
        errors.seek(max(errors.seek(0, os.SEEK_END) - 4096, 0))
        return _died(reason or _cause(child.returncode, errors.read().decode("utf-8", "replace")))


def _environment() -> dict[str, str]:
    """Only what Python needs to start: no secrets reach the child. One arena and no thread pools keep its address space small."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "TZDIR", "PYTHONTZPATH")
        if name in os.environ
    }
    return kept | {
        "PYTHONPATH": _ROOT,
        "PYTHONDONTWRITEBYTECODE": "1",
        "MALLOC_ARENA_MAX": "2",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "PYTHONUTF8": "1",
    }


def _follow(
    child: "subprocess.Popen[bytes]",
    request: CheckRequest,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
    deadline: float,
) -> tuple[CheckReport | None, str | None]:
    """(report, None), or (None, problem id), or (None, None) when the child ended without a word."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(msgspec.json.encode(request))
        child.stdin.close()
    except BrokenPipeError:
        return None, None
    descriptor = child.stdout.fileno()
    os.set_blocking(descriptor, False)
    pending = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if cancelled is not None and cancelled():
                return None, "cancelled"
            if time.monotonic() > deadline:
                return None, "check_timeout"
            if not selector.select(_POLL_S):
                continue
            block = os.read(descriptor, 1 << 16)
            if not block:
                return None, None
            pending += block
            *lines, rest = bytes(pending).split(b"\n") if b"\n" in block else (bytes(pending),)
            if b"\n" not in block:
                continue
            pending = bytearray(rest)
            for line in lines:
                if line.startswith(b'{"report"'):
                    return msgspec.json.decode(line, type=_Last).report, None
                said = msgspec.json.decode(line)
                if progress is not None and said["step"] in _STEPS:
                    progress(said["step"], said["done"], said["total"])


class _Last(msgspec.Struct):
    report: CheckReport


def _cause(code: int, said: str) -> str:
    """Why a child ended without a report."""
    if (
        "MemoryError" in said
        or "memory allocation" in said
        or "ArrowMemoryError" in said
        or "bad_alloc" in said
        or "malloc of size" in said
        or "File too large" in said
        or "capacity overflow" in said
        or "Cannot allocate memory" in said
    ):
        return "file_too_big"
    if code in (-24, -9):  # SIGXCPU, then SIGKILL at the hard limit
        return "check_timeout"
    if code == -25:  # SIGXFSZ
        return "file_too_big"
    return "parser_crashed"


def _died(id: str) -> CheckReport:
    found = problem(id)
    return CheckReport(status="rejected", problems=tuple(group(to_table([found]))), error_count=1)
