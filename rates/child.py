"""The jailed child: reads a CheckRequest as JSON on stdin, sets its own limits, writes progress lines and at last the report to stdout."""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from rates.options import CheckRequest


def confine(request: CheckRequest) -> None:
    """Limits that cannot be raised again: address space, CPU seconds, size of a written file, no core dump."""
    limits = request.limits
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, limits.output_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def stand_back(nice: int) -> None:
    """Other processes come first. Where the system groups processes by session, the group stands back as well: the child has a
    session of its own, beside which its own niceness says nothing."""
    os.nice(nice)
    with suppress(OSError, AttributeError):  # a parser computes; it need not be served at once
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with suppress(OSError):  # a kernel without groups, or a container that hides them
        Path("/proc/self/autogroup").write_text(str(nice))


PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """A killed worker leaves no parser behind that nobody listens to (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> int:
    die_with_parent()
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=CheckRequest)
    confine(request)
    stand_back(request.limits.nice)
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing but our lines reaches the parent

    def say(step: str, done: int, total: int) -> None:
        out.write(msgspec.json.encode({"step": step, "done": done, "total": total}) + b"\n")
        out.flush()

    say("start", 0, 0)
    from rates.check import check  # under the limits already

    report = check(request, say)
    out.write(msgspec.json.encode({"report": report}) + b"\n")
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
