"""Margin rules: the most specific rule that fits a code and destination decides the sell rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PPM = 1_000_000


class RuleError(ValueError):
    """A rule that cannot be applied; the message says which and why."""


@dataclass(frozen=True)
class MarginRule:
    """sell = cost + max(cost·percent, fixed), at least `minimum`, rounded **up** to `places` decimals.

    `code`: the dial code it holds for and everything below it ("" = all). `percent_ppm`: parts per million of
    the cost. `fixed_nanos`, `minimum_nanos`: per minute. Among fitting rules the longest code wins, then the first.
    """

    code: str = ""
    percent_ppm: int = 0
    fixed_nanos: int = 0
    minimum_nanos: int = 0
    places: int = 4

    def __post_init__(self) -> None:
        if self.code and not (self.code.isdigit() and len(self.code) <= 15):
            raise RuleError(f"rule for code {self.code!r}: a dial code is 1 to 15 digits")
        if self.percent_ppm < 0 or self.fixed_nanos < 0 or self.minimum_nanos < 0:
            raise RuleError(f"rule for code {self.code or 'all'}: a margin is not negative")
        if not 0 <= self.places <= 9:
            raise RuleError(f"rule for code {self.code or 'all'}: decimals must be 0 to 9, not {self.places}")


def sell_rate(cost_nanos: int, rule: MarginRule) -> int:
    """The sell rate in nanos per minute; exact, rounded once, upwards, so that the margin is never undercut."""
    share = -(-cost_nanos * rule.percent_ppm // PPM)  # ceiling
    wanted = max(cost_nanos + max(share, rule.fixed_nanos), rule.minimum_nanos)
    step = int(10 ** (9 - rule.places))
    return -(-wanted // step) * step


def rule_for(code: str, rules: Sequence[MarginRule]) -> MarginRule | None:
    """The fitting rule with the longest code; of equal ones the first; None when none fits."""
    best: MarginRule | None = None
    for rule in rules:
        if code.startswith(rule.code) and (best is None or len(rule.code) > len(best.code)):
            best = rule
    return best
