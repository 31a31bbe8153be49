"""The one table of legal moves: which action leads from which states to which, and which side may take it.

`turn`: only the side whose answer is awaited · `offerer`: only the side whose offer is on the table · `buyer`, `seller`,
`either` · `system`: the exchange itself, by its clock or as the consequence of another move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.errors import Conflict


@dataclass(frozen=True)
class Move:
    action: str
    sources: tuple[str, ...]
    target: str
    who: str
    past: str  # in words, for the steps and the audit


RFQ: Final = (
    Move("open", ("",), "open", "buyer", "asked the market"),
    Move("close", ("open",), "closed", "buyer", "closed the request"),
    Move("withdraw", ("open",), "withdrawn", "buyer", "withdrew the request"),
    Move("expire", ("open",), "expired", "system", "reached its deadline"),
)
DEAL: Final = (
    Move("offer", ("",), "open", "either", "made an offer"),
    Move("counter", ("open",), "open", "turn", "countered"),
    Move("revise", ("open",), "open", "offerer", "bettered the own offer"),
    Move("accept", ("open",), "agreed", "turn", "accepted"),
    Move("propose", ("open",), "seconding", "turn", "accepted; a second person must agree"),
    Move("second", ("seconding",), "agreed", "turn", "agreed as second person"),
    Move("decline", ("open", "seconding"), "declined", "turn", "declined"),
    Move("withdraw", ("open", "seconding"), "withdrawn", "offerer", "withdrew the offer"),
    Move("expire", ("open", "seconding"), "expired", "system", "ran out"),
    Move("lose", ("open", "seconding"), "lost", "system", "ended with its request"),
)
VERSION: Final = (
    Move("draw", ("",), "proposed", "either", "drew up the document"),
    Move("initial", ("proposed",), "proposed", "either", "signed first of two persons"),
    Move("initial", ("half",), "half", "either", "signed first of two persons"),
    Move("sign", ("proposed",), "half", "either", "signed"),
    Move("countersign", ("half",), "signed", "either", "signed"),
    Move("revoke", ("proposed", "half"), "revoked", "either", "took the document back"),
    Move("lapse", ("proposed", "half"), "lapsed", "system", "lapsed"),
)
AGREEMENT: Final = (
    Move("draft", ("",), "drafted", "either", "opened the agreement"),
    Move("conclude", ("drafted",), "concluded", "either", "concluded"),
    Move("amend", ("concluded",), "concluded", "either", "amended"),
    Move("revoke", ("drafted",), "revoked", "either", "revoked before both had signed"),
    Move("lapse", ("drafted",), "revoked", "system", "lapsed unsigned"),
    Move("terminate", ("concluded",), "terminated", "either", "gave notice"),
    Move("try", ("concluded",), "concluded", "system", "judged the trial"),
    Move("fail", ("concluded",), "terminated", "system", "ended: the trial was not passed"),
)
MACHINES: Final[dict[str, tuple[Move, ...]]] = {
    "rfq": RFQ,
    "deal": DEAL,
    "agreement": AGREEMENT,
    "agreement_version": VERSION,
}
STATES: Final = {name: {m.target for m in moves} for name, moves in MACHINES.items()}
NAMES: Final = {"rfq": "request", "deal": "deal", "agreement": "agreement", "agreement_version": "document"}


class IllegalMove(Conflict):
    """The table knows no such move from here, or not for this side."""

    code = "illegal_move"


def legal(subject: str, action: str, state: str, *, side: str, turn: str = "") -> Move:
    """The move. Raises IllegalMove that says what is possible instead."""
    moves = [m for m in MACHINES[subject] if m.action == action]
    if not moves:
        raise IllegalMove(f"A {NAMES[subject]} knows no step called {action}.")
    fitting = [m for m in moves if state in m.sources]
    if not fitting:
        raise IllegalMove(
            f"This {NAMES[subject]} is {state}; {action} is not possible any more.",
            hint=_instead(subject, state, side, turn),
        )
    move = fitting[0]
    if not _may(move.who, side, turn):
        raise IllegalMove(
            f"Not yours to {action}: {_whose(move.who, turn)}.", hint=_instead(subject, state, side, turn)
        )
    return move


def possible(subject: str, state: str, *, side: str, turn: str = "") -> tuple[str, ...]:
    """Actions this side may take now, in the table's order."""
    found = [m.action for m in MACHINES[subject] if state in m.sources and _may(m.who, side, turn)]
    return tuple(dict.fromkeys(found))


def past(subject: str, action: str) -> str:
    return next(m.past for m in MACHINES[subject] if m.action == action)


def other(side: str) -> str:
    return "seller" if side == "buyer" else "buyer"


def _may(who: str, side: str, turn: str) -> bool:
    if who == "system" or side == "system":
        return who == side
    allowed = {"either": ("buyer", "seller"), "turn": (turn,), "offerer": (other(turn),)}.get(who, (who,))
    return side in allowed


def _whose(who: str, turn: str) -> str:
    if who == "turn":
        return f"the {turn}'s answer is awaited"
    if who == "offerer":
        return f"the offer on the table is the {other(turn)}'s"
    return {"system": "the exchange does that itself", "either": "only the two sides may"}.get(
        who, f"only the {who} may"
    )


def _instead(subject: str, state: str, side: str, turn: str) -> str:
    actions = possible(subject, state, side=side, turn=turn)
    return f"Possible now: {', '.join(actions)}." if actions else "Nothing is left to do on your side."
