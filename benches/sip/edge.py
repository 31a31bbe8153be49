"""An edge that speaks SIP, as `tandem edge` runs it, with one ticket and room for the bench."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sip.lab import Lab, market

TICKET = "8312"
ROOM = {"packets_per_s": 1_000_000, "max_calls": 100_000}


def pinned_start(lab: Lab, core: int | None) -> None:
    """What is started takes over where its parent may run."""
    everywhere = os.sched_getaffinity(0)
    try:
        if core is not None:
            os.sched_setaffinity(0, {core})
        lab.start()
    finally:
        os.sched_setaffinity(0, everywhere)


def pid_of(lab: Lab) -> int:
    child = lab.running.child
    assert child is not None
    return child.pid


@contextmanager
def edge(folder: Path, vendor: int, *, pairs: int, offers: int = 1, core: int | None = None) -> Iterator[Lab]:
    """`offers` products, all at this port; pinned to one processor where that is named."""
    products = {f"vendor{number}": (vendor, "udp") for number in range(offers)}
    place = folder / f"edge-{vendor}-{offers}"
    place.mkdir()
    lab = Lab(place, market(place, **products), pairs=pairs, sip=dict(ROOM))
    try:
        if core is not None:
            # One processor: one thread that moves media.
            lab.sip["workers"] = 1
        pinned_start(lab, core)
        lab.ticket()
        yield lab
    finally:
        lab.stop()
