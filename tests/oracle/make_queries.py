"""Random questions to a world; numbers, callers and instants come from small pools so that many questions meet."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.oracle.make_decks import HOUR_US
from tests.oracle.make_rights import make_policy
from tests.oracle.make_worlds import LRNS
from tests.oracle.worlds import World

CALLERS = [
    None,
    None,
    "33123456789",
    "491512345678",
    "447700900123",
    "2348012345678",
    "12125550100",
    "17185551234",
    "19735550000",
]
CALLERS += [
    "anonymous",
    "1234",
    "18005550100",
    "17875550100",
    "12125550",
    "999123456",
    "77012345678",
    "1212555010",
]


AMERICANS = ["12125550100", "12125551999", "17185551234", "17185550001", "19735550000", "14165550100"]


class Asker:
    """Draws questions to one world."""

    def __init__(self, seed: int, world: World) -> None:
        self.r = r = Random(seed ^ 0x5EED)
        self.world = world
        self.numbers = [make_number(r, world) for _ in range(24)]
        self.numbers += [r.choice(LRNS)] if world.nanp else []
        self.numbers += r.sample(sorted(world.lrns), min(3, len(world.lrns)))
        self.callers = [None, *r.sample(CALLERS, 5)]
        if world.nanp:  # both sides are to lie in known blocks often enough
            self.numbers = [*self.numbers[:12], *self.numbers[24:], *AMERICANS, *AMERICANS]
            self.callers = [*self.callers[:4], *AMERICANS, *AMERICANS]
        self.lrns = [r.choice(LRNS), r.choice(LRNS), make_number(r, world)]
        self.instants = [make_instant(r, world) for _ in range(8)]
        self.ids = [o["offer_id"] for o in world.offers]

    def common(self, *, plain: bool) -> dict[str, Any]:
        """All of a question but the number, the caller and the instant."""
        r = self.r
        query: dict[str, Any] = {
            "trunk": None if r.random() < 0.25 else r.randint(1, 4),
            "lrn": r.choice(self.lrns) if r.random() < 0.2 else None,
            "a_lrn": r.choice(LRNS) if r.random() < 0.08 else None,
            "npdi": r.random() < 0.08,
            "max": None if plain else r.choice([None, 1, 2, 10, 100]),
            "decision_id": None,
            "reference_seconds": None if plain else r.choice([None, None, None, 1, 30, 61, 3600]),
            "policy": None,
            "offers": None,
            "sell": None,
            "state": r.choice(self.world.states) if r.random() < 0.4 else None,
        }
        if not plain:
            if r.random() < 0.3:
                query["policy"] = make_policy(r, [1_000_000, 20_000_000], True, self.ids)
            if r.random() < 0.15:
                query["offers"] = r.choice(["all", r.sample(self.ids, len(self.ids) // 2)])
            if r.random() < 0.2:
                query["sell"] = {
                    "rate_nanos": r.choice([0, 12_000_000, 40_000_000, 10**15]),
                    "currency": r.choice(["USD", "EUR"]),
                    "code": None,
                    "first_rate_nanos": None,
                    "connect_fee_nanos": r.choice([0, 1_000_000]),
                    "initial_increment": r.choice([1, 60]),
                    "next_increment": r.choice([1, 60]),
                    "free_seconds": 0,
                }
        return query

    def call(self, *, plain: bool) -> dict[str, Any]:
        """The number, the caller and the instant."""
        r = self.r
        instant = self.world.epoch_us + r.choice([0, 0, 59_999_999]) if plain else r.choice(self.instants)
        call_id = r.choice([None, f"call {r.randint(1, 99)}", ""])
        return {
            "dnis": r.choice(self.numbers),
            "ani": r.choice(self.callers),
            "at_us": instant,
            "call_id": call_id,
        }

    def question(self) -> dict[str, Any]:
        """One question; more than half are of the plain kind that the pre-sorted lists answer."""
        plain = self.r.random() < 0.55
        return self.common(plain=plain) | self.call(plain=plain)


def make_number(r: Random, world: World) -> str:
    """Mostly below a known code, sometimes shorter than one, sometimes nowhere, sometimes a whole American number."""
    if not world.codes or r.random() < 0.05:
        return "".join(r.choice("0123456789") for _ in range(r.randint(1, 15)))
    code = r.choice(world.codes)
    if r.random() < 0.1:
        return code[: r.randint(1, len(code))]
    if code.startswith("1") and r.random() < 0.7:
        return (code + "2125550100"[len(code) - 1 :])[:11] if len(code) < 11 else code[:11]
    return (code + "".join(r.choice("0179017923456") for _ in range(r.randint(0, 11))))[:15]


def make_instant(r: Random, world: World) -> int:
    """Near a boundary of the world: before, at and after, to the microsecond; sometimes at a half hour or far off."""
    half = r.choice([0, 0, 0, HOUR_US // 2, HOUR_US // 4])
    far = r.choice([0] * 9 + [5 * 24, -24])
    return world.epoch_us + (r.randint(-10, 12) + far) * HOUR_US + half + r.choice([-1, 0, 0, 1, 77])
