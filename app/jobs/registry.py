"""Kinds of jobs and timers, by name. News travels upward by these names, never by import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.jobs.progress import Progress

# run(job_id, arguments, progress) -> result, both JSON-serialisable. Must be safe to run again from its start
# or from its last finished step: after a killed worker it is.
Handler = Callable[[str, dict[str, Any], Progress], dict[str, Any]]
Tick = Callable[[], None]


@dataclass(frozen=True)
class Timer:
    """`tick` runs in the worker every `seconds`, inside an application context."""

    name: str
    seconds: float
    tick: Tick


_handlers: dict[str, Handler] = {}
_timers: dict[str, Timer] = {}


def job(kind: str) -> Callable[[Handler], Handler]:
    """Register the handler of a kind, for example `deck.check`."""

    def keep(handler: Handler) -> Handler:
        _handlers[kind] = handler
        return handler

    return keep


def timer(name: str, *, seconds: float) -> Callable[[Tick], Tick]:
    """Register something the worker does every `seconds`; it should look and enqueue, not work."""

    def keep(tick: Tick) -> Tick:
        _timers[name] = Timer(name, seconds, tick)
        return tick

    return keep


def handler_of(kind: str) -> Handler | None:
    return _handlers.get(kind)


def kinds() -> list[str]:
    return sorted(_handlers)


def timers() -> list[Timer]:
    return list(_timers.values())
