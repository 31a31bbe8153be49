"""When the edge's event loops come before everything else, and when they go back among the others."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass, field

import pytest

from app.priority import Governor, come_first, step_back

SECOND = 1_000_000_000


@dataclass
class Machine:
    """A processor whose clock and threads the test moves."""

    allowed: bool = True
    now: int = 0
    computed: dict[int, int] = field(default_factory=dict)
    breaths: dict[int, int] = field(default_factory=dict)
    said: list[tuple[str, int]] = field(default_factory=list)

    def governor(self) -> Governor:
        return Governor(
            clock=lambda: self.now, loops=lambda: list(self.computed), computed=self.computed.__getitem__,
            forward=self.forward, back=lambda thread: self.said.append(("back", thread)),
            breaths=lambda: dict(self.breaths),
        )  # fmt: skip

    def forward(self, thread: int) -> bool:
        self.said.append(("forward", thread))
        return self.allowed

    def passes(self, share: float) -> None:
        """A second in which every thread computes this share of it."""
        self.now += SECOND
        for thread in self.computed:
            self.computed[thread] += int(share * SECOND)


def test_a_loop_that_draws_breath_stays_first_however_busy_it_is() -> None:
    machine = Machine(computed={7: 0, 8: 0}, breaths={7: 0, 8: 0})
    governor = machine.governor()
    governor.turn()
    for _ in range(3):
        machine.passes(1.0)
        machine.breaths[7] += 100
        governor.turn()
    assert governor.first == {7}
    assert machine.said[2:] == [("back", 8)]


def test_event_loops_that_hang_go_back_and_come_first_again_when_they_are_calm() -> None:
    machine = Machine(computed={7: 0, 8: 0})
    governor = machine.governor()
    governor.turn()
    assert governor.first == {7, 8}
    machine.passes(0.9)
    governor.turn()
    assert governor.first == {7, 8}
    machine.passes(0.99)
    governor.turn()
    assert governor.first == frozenset()
    machine.passes(0.9)  # between the two: stays where it is
    governor.turn()
    assert governor.first == frozenset()
    machine.passes(0.7)
    governor.turn()
    assert governor.first == {7, 8}
    assert machine.said == [(word, one) for word in ("forward", "back", "forward") for one in (7, 8)]


def test_without_permission_every_loop_gets_short_slices_once_and_is_left_alone() -> None:
    machine = Machine(allowed=False, computed={7: 0, 8: 0})
    governor = machine.governor()
    for _ in range(3):
        governor.turn()
        machine.passes(0.1)
    assert governor.first == frozenset()
    assert machine.said == [("forward", 7), ("back", 7), ("back", 8)]


@pytest.mark.skipif(sys.platform != "linux", reason="scheduling classes of Linux")
def test_a_thread_really_changes_its_class_and_its_children_do_not_inherit_it() -> None:
    found: list[int] = []

    def body() -> None:
        mine = threading.get_native_id()
        if not come_first(mine):
            return
        found.append(os.sched_getscheduler(mine))
        child = threading.Thread(
            target=lambda: found.append(os.sched_getscheduler(threading.get_native_id()))
        )
        child.start()
        child.join()
        step_back(mine)
        found.append(os.sched_getscheduler(mine))

    one = threading.Thread(target=body)
    one.start()
    one.join()
    if not found:
        pytest.skip("this user may not use the real-time class")
    assert found == [os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.SCHED_OTHER, os.SCHED_OTHER]
