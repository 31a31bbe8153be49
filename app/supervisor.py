"""One process tree: starts the children, restarts a dead one with back-off, stops all on SIGTERM or Ctrl-C.

A child that stays up for half a minute is forgiven its past. Children die with the supervisor even when it
is killed outright (Linux: parent-death signal), so no orphan keeps a port.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import structlog

log = structlog.get_logger("serve")

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 10.0
FORGIVEN_AFTER_S = 30.0
POLL_S = 0.1
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class ChildSpec:
    """`drain_s`: how long it may take to end after SIGTERM before it is killed."""

    name: str
    argv: Sequence[str]
    drain_s: float = 25.0
    environ: Mapping[str, str] = field(default_factory=dict)


class _Child:
    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.backoff = FIRST_BACKOFF_S
        self.start_at = 0.0

    def start(self) -> None:
        self.process = subprocess.Popen(
            list(self.spec.argv),
            env={**os.environ, **self.spec.environ},
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then drains the children
            preexec_fn=_die_with_parent,  # no threads here: the supervisor is single-threaded
        )
        self.started = time.monotonic()
        log.info("child started", child=self.spec.name, pid=self.process.pid)

    def watch(self, now: float) -> None:
        """Start when due; after a death wait longer each time."""
        if self.process is None:
            if now >= self.start_at:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            if now - self.started > FORGIVEN_AFTER_S:
                self.backoff = FIRST_BACKOFF_S
            return
        log.warning(
            "child died, starting it again", child=self.spec.name, code=code, after_s=round(self.backoff, 1)
        )
        self.process = None
        self.start_at = now + self.backoff
        self.backoff = min(self.backoff * 2, LONGEST_BACKOFF_S)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """`run` blocks until a signal, then drains; returns the exit code."""

    def __init__(self, specs: Sequence[ChildSpec]) -> None:
        self._children = [_Child(spec) for spec in specs]
        self._stopping = False

    def stop(self, *_signal: int | FrameType | None) -> None:
        self._stopping = True

    def pids(self) -> dict[str, int]:
        return {c.spec.name: c.process.pid for c in self._children if c.process is not None}

    def run(
        self, *, ready: Callable[[], bool] | None = None, on_ready: Callable[[], None] | None = None
    ) -> int:
        """`on_ready` is called once, the first time `ready()` is true."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        told = on_ready is None
        try:
            while not self._stopping:
                now = time.monotonic()
                for child in self._children:
                    child.watch(now)
                if not told and on_ready is not None and (ready is None or ready()):
                    told = True
                    on_ready()
                time.sleep(POLL_S)
        finally:
            self._drain()
        return 0

    def _drain(self) -> None:
        alive = [c for c in self._children if c.process is not None and c.process.poll() is None]
        for child in alive:
            if child.process is not None:
                child.process.terminate()
        begun = time.monotonic()
        for child in alive:
            if child.process is None:
                continue
            try:
                child.process.wait(timeout=max(0.1, begun + child.spec.drain_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("child did not drain in time, killed", child=child.spec.name)
                child.process.kill()
                child.process.wait()
        log.info("all children ended")
