"""Who comes first on a shared machine: the edge's event loops, at once; then everything else.

A routing query takes microseconds, so what its caller feels beside an import is the wait for a processor: the scheduler lets a
program that is computing finish its slice of some milliseconds first. Where the system allows it, the event loops run in the
real-time class, which never waits for others. A loop that is busy all the time sleeps while others wait and leaves the class
for a moment now and then (`breath.rs` of the edge), so that they do not starve; one that draws no breath (it hangs in its own
code) goes back among them.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

import lcr_core

log = structlog.get_logger("priority")

BUSY, CALM = 0.98, 0.75
"""Shares of a processor: an event loop above the first that draws no breath goes back to the ordinary class, below the second it
comes first again."""
LOOK_S = 0.25
SHORT_SLICE_NS = 100_000
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}


def event_loops(pid: int) -> list[int]:
    """Thread ids of an edge's event loops: its first thread and those named edge-1, edge-2, …"""
    found = [pid]
    for place in Path(f"/proc/{pid}/task").glob("[0-9]*"):
        with suppress(OSError):
            if re.fullmatch(r"edge-\d+", (place / "comm").read_text().strip()):
                found.append(int(place.name))
    return sorted(set(found))


def busy_ns(thread: int) -> int:
    """Nanoseconds a thread of this process has computed."""
    return int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[0])


def come_first(thread: int) -> bool:
    """Into the real-time class, its lowest rank; what the thread starts does not inherit it. False where that is not allowed."""
    try:
        os.sched_setscheduler(thread, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        return False
    return True


def step_back(thread: int) -> None:
    """Among the others again, with short slices (Linux 6.12 and newer), after which a thread that wakes is served sooner; needs
    no privilege."""
    with suppress(OSError):
        os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
    call = _SCHED_SETATTR.get(platform.machine())
    if call is not None:
        attributes = struct.pack("IIQiIQQQII", 56, os.SCHED_OTHER, 0, 0, 0, SHORT_SLICE_NS, 0, 0, 0, 0)
        ctypes.CDLL(None).syscall(call, thread, attributes, 0)  # older kernels ignore the slice


class Governor:
    """Keeps the event loops of this process first while they leave time for others. `turn` looks once."""

    def __init__(
        self,
        *,
        clock: Callable[[], int] = time.monotonic_ns,
        loops: Callable[[], list[int]] = lambda: event_loops(os.getpid()),
        computed: Callable[[int], int] = busy_ns,
        forward: Callable[[int], bool] = come_first,
        back: Callable[[int], None] = step_back,
        breaths: Callable[[], dict[int, int]] = lcr_core.edge_breaths,
    ) -> None:
        self._clock, self._loops, self._computed = clock, loops, computed
        self._forward, self._back, self._breaths = forward, back, breaths
        self._seen: dict[int, tuple[int, int, int]] = {}
        self._first: set[int] = set()
        self.allowed = True

    @property
    def first(self) -> frozenset[int]:
        """Threads that run before all others now."""
        return frozenset(self._first)

    def turn(self) -> None:
        """New threads come first at once; later each by how much it computed since the last look."""
        now, breaths = self._clock(), self._breaths()
        for thread in self._loops():
            try:
                computed = self._computed(thread)
            except OSError:  # it ended between the two
                continue
            new = thread not in self._seen
            at, before, drawn = self._seen.get(thread, (now, computed, -1))
            share = (computed - before) / (now - at) if now > at else 0.0
            breath = breaths.get(thread, 0)
            self._seen[thread] = now, computed, breath
            if thread in self._first:
                if share > BUSY and breath == drawn:
                    self._first.discard(thread)
                    self._back(thread)
            elif self.allowed and share < CALM:
                if self._forward(thread):
                    self._first.add(thread)
                else:
                    self.allowed = False
                    log.info("no real-time class for this user, short slices instead")
            if new and not self.allowed:
                self._back(thread)


def govern_edge() -> None:
    """Watch the event loops of this process from a thread of its own, until the process ends. Linux only."""
    if sys.platform != "linux":
        return
    governor = Governor()

    def watch() -> None:
        while True:
            governor.turn()
            time.sleep(LOOK_S)

    threading.Thread(target=watch, name="priority", daemon=True).start()
