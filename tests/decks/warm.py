"""Jailed children by fork: Python and the checker are loaded once, then every order runs `rates.child.main` in a process of its own
with the same limits, pipes and way to die as under `rates.jail`. For hundreds of small files, where loading would be all the time.

`python -m tests.decks.warm`: one CheckRequest as JSON a line on stdin; one `Ended` as JSON a line on stdout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

import rates.check  # noqa: F401  (what a child loads first of all)
from rates import child
from rates.deckcheck import CheckReport
from rates.options import CheckRequest

ROOT = Path(__file__).parents[2]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A child's end: exit code (minus the signal), seconds of processor, most bytes resident, its last line and what it wrote to stderr."""

    code: int
    cpu_s: float
    peak_bytes: int
    last: str
    errors: str

    @property
    def report(self) -> CheckReport:
        assert self.code == 0, self.errors
        return msgspec.json.decode(self.last, type=dict[str, CheckReport])["report"]


def main() -> None:
    for line in sys.stdin.buffer:
        print(msgspec.json.encode(one(line)).decode(), flush=True)


def one(request: bytes) -> Ended:
    """Fork, run the child's own `main` on the request, wait for it."""
    asks, asked = os.pipe()
    says, said = os.pipe()
    errors = os.memfd_create("errors")
    pid = os.fork()
    if pid == 0:
        for place, number in ((asks, 0), (said, 1), (errors, 2)):
            os.dup2(place, number)
        os.closerange(3, 256)
        code = 70
        try:
            code = child.main()
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(code)
    for unused in (asks, said):
        os.close(unused)
    with os.fdopen(asked, "wb") as pipe:
        pipe.write(request)
    with os.fdopen(says, "rb") as pipe:
        lines = pipe.read().splitlines()
    _, status, used = os.wait4(pid, 0)
    with os.fdopen(errors, "rb") as text:
        text.seek(0)
        wrong = text.read().decode("utf-8", "replace")
    return Ended(
        code=os.waitstatus_to_exitcode(status), cpu_s=used.ru_utime + used.ru_stime, peak_bytes=used.ru_maxrss * 1024,
        last=lines[-1].decode() if lines else "", errors=wrong,
    )  # fmt: skip


class Warm:
    """The mother process, from the test's side."""

    def __enter__(self) -> Warm:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.decks.warm"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def check(self, request: CheckRequest) -> Ended:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(request) + b"\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=Ended)


if __name__ == "__main__":
    main()
