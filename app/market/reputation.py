"""Reputation of a product: one number from what was measured, with the samples it stands on; none before there are enough.

    reputation = 70 % · delivery + 30 % · tests, times 1 − 2 · (disputes lost / calls answered, per thousand), floor 0
    delivery   = lower end of the 95 % interval (Wilson) of NER over all calls of the product, of the last window
    tests      = the same of test calls that were delivered; without MIN_TESTS of them delivery counts alone

The lower end makes a small sample cautious: 90 of 100 count 82.6 %, 9,000 of 10,000 count 89.4 %. Below MIN_CALLS calls a
product is new. A product and those that agreements derived from it are one route and share theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isqrt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Product, QualityCounter

MIN_CALLS = 100
MIN_TESTS = 20
FORMULA = (
    f"70 % delivery on calls and 30 % delivery on test calls, each the lower end of the 95 % interval of NER (with fewer "
    f"than {MIN_TESTS} tests: calls alone), less 2 % for each dispute lost in a thousand answered calls; new below {MIN_CALLS} calls"
)
# z² of 95 %, in millionths: 1.959964² = 3.841459.
Z2_PPM = 3_841_459
PPM = 1_000_000


# (product, disputes raised, of these lost by the seller): whoever settles disputes, on a floor above, puts its counts here.
Disputes = Callable[[Session], Iterable[tuple[int, int, int]]]
disputes_by: list[Disputes] = []


@dataclass(frozen=True)
class Evidence:
    """Counts of one product: `delivered` as NER counts it; `disputes_lost` by the seller."""

    calls: int = 0
    delivered: int = 0
    answered: int = 0
    tests: int = 0
    tests_delivered: int = 0
    disputes: int = 0
    disputes_lost: int = 0

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(
            self.calls + other.calls, self.delivered + other.delivered, self.answered + other.answered, self.tests + other.tests,
            self.tests_delivered + other.tests_delivered, self.disputes + other.disputes, self.disputes_lost + other.disputes_lost,
        )  # fmt: skip


def interval_ppm(hits: int, samples: int) -> tuple[int, int]:
    """The 95 % Wilson interval of hits / samples in ppm, ends rounded outwards; (0, 1,000,000) without samples.

    Exact integers: with n samples, k hits, z²: centre (2kn + z²n) and spread sqrt(z²n(4k(n−k) + z²n)) over 2n(n + z²).
    """
    if samples <= 0:
        return 0, PPM
    n, k = samples * PPM, min(max(hits, 0), samples) * PPM  # in millionths, as z² is
    z2 = Z2_PPM
    centre = 2 * k * n + z2 * n
    spread2 = z2 * n * (4 * k * (n - k) + z2 * n)
    root = isqrt(spread2)
    under = 2 * n * (n + z2)
    low = max(0, (centre - root - 1) * PPM // under)
    high = min(PPM, -(-(centre + root + 1) * PPM // under))
    return low, high


def reputation_ppm(seen: Evidence) -> int | None:
    """0 to 1,000,000; None: new, too few calls to say."""
    if seen.calls < MIN_CALLS:
        return None
    delivery = interval_ppm(seen.delivered, seen.calls)[0]
    found = delivery
    if seen.tests >= MIN_TESTS:
        found = (70 * delivery + 30 * interval_ppm(seen.tests_delivered, seen.tests)[0]) // 100
    lost_per_thousand_ppm = min(PPM // 2, seen.disputes_lost * 1_000 * PPM // max(seen.answered, 1) // 50)
    # 2 % off for each dispute lost in a thousand answered calls.
    return max(0, found * (PPM - min(PPM, lost_per_thousand_ppm)) // PPM)


def evidence(session: Session) -> dict[int, Evidence]:
    """By product; what agreements derived from it counts for it."""
    q = QualityCounter
    sums = (sa.func.sum(q.attempts), sa.func.sum(q.effective), sa.func.sum(q.answered))
    derived = session.execute(
        sa.select(Product.id, Product.derived_from).where(Product.derived_from.is_not(None))
    )
    base = {row.id: row.derived_from for row in derived}
    found: dict[int, Evidence] = {}

    def add(product_id: int, one: Evidence) -> None:
        product_id = base.get(product_id, product_id)
        found[product_id] = found.get(product_id, Evidence()) + one

    for product_id, source, *counts in session.execute(
        sa.select(q.product_id, q.source, *sums).group_by(q.product_id, q.source)
    ):
        calls, delivered, answered = (int(count) for count in counts)
        tested = source == "tested"
        add(
            product_id,
            Evidence(tests=calls, tests_delivered=delivered)
            if tested
            else Evidence(calls, delivered, answered),
        )
    for ask in disputes_by:
        for product_id, raised, lost in ask(session):
            add(product_id, Evidence(disputes=raised, disputes_lost=lost))
    return found


def columns(found: dict[int, Evidence], product_ids: list[int]) -> dict[str, list[int | None]]:
    """For the table of groups: reputation and what it stands on, in the order of `product_ids`."""
    none = Evidence()
    each = [found.get(product_id, none) for product_id in product_ids]
    known = {one: reputation_ppm(one) for one in set(each)}
    return {
        "reputation_ppm": [known[one] for one in each], "reputation_calls": [one.calls for one in each],
        "reputation_tests": [one.tests for one in each], "reputation_disputes": [one.disputes for one in each],
        "reputation_lost": [one.disputes_lost for one in each],
    }  # fmt: skip


NAMES = ("reputation_ppm", "reputation_calls", "reputation_tests", "reputation_disputes", "reputation_lost")


def document(row: dict[str, Any]) -> dict[str, Any]:
    """A row's reputation for the API: null while new, always with its samples and the formula."""
    return {
        "percent": None if row.get("reputation_ppm") is None else f"{row['reputation_ppm'] // 1000 / 10:.1f}",
        **{name: row.get(f"reputation_{name}") or 0 for name in ("calls", "tests", "disputes", "lost")},
        "formula": FORMULA,
    }  # fmt: skip
