"""How much of the deck in force a file closes and changes: beyond the limits a second person must agree (domain: import modes)."""

from rates.compared import Compared
from rates.schema import OPEN


def check(deck: Compared) -> None:
    current, plan, limits = deck.current, deck.merged.plan, deck.thresholds
    now = deck.received_us
    active = int(((current.start <= now) & (current.end > now) & (current.status == OPEN)).sum())
    closing = len(deck.merged.closing.keys) + int((plan.labelled("CLOSED") & plan.effective).sum())
    moved = plan.labelled("INCREASE", "DECREASE", "LATE", "TERMS_CHANGED", "BACKDATED") & plan.effective
    changed = int(moved.sum())
    before, after, factor = plan.before, plan.after, limits.jump_factor
    both = plan.compared & plan.effective & (before > 0) & (after > 0)
    jumps = int((both & ((after // factor > before) | (before // factor > after))).sum())
    if active and closing * 100 > limits.closes_pct * active:
        share = closing * 100 // active
        _hold(
            deck,
            "closes_many",
            f"{closing:,} of {active:,} active codes would close ({share} %, limit {limits.closes_pct} %).",
        )
    if active and changed * 100 > limits.changes_pct * active:
        share = changed * 100 // active
        _hold(
            deck, "changes_many",
            f"{changed:,} rates change against {active:,} active codes ({share} %, limit {limits.changes_pct} %).",
        )  # fmt: skip
    if jumps:
        times = "tenfold" if factor == 10 else f"{factor} times"
        _hold(deck, "rate_jump", f"{jumps:,} rates change more than {times}.")


def _hold(deck: Compared, check: str, reason: str) -> None:
    deck.second_person.append(reason)
    deck.say(check, f"{reason} A second person must agree.")
