"""One peer's answer to the same questions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """`micros` a question; `wrong` of `asked` answers differed from ours; `why` when it could not be run."""

    name: str
    micros: float | None
    rates: int = 0
    asked: int = 0
    wrong: int = 0
    why: str = ""
    note: str = ""
