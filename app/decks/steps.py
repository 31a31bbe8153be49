"""The six steps of a deck's way in: which one needs a person now, and how each stands."""

from __future__ import annotations

from dataclasses import dataclass

from app.decks.models import Deck
from rates.deckcheck import CheckReport

STEPS = (
    ("file", "File"),
    ("sheet", "Sheet & header"),
    ("columns", "Columns"),
    ("errors", "Errors"),
    ("review", "Review"),
    ("approve", "Approve"),
)
# Problem id -> the step where a person answers it; anything else is for the errors step.
STEP_OF = {
    "mode_missing": "file", "date_missing": "file", "option_invalid": "file", "sheet_missing": "sheet",
    "sheet_empty": "sheet", "header_not_found": "sheet", "encoding_error": "sheet", "line_too_long": "sheet",
    "decimal_ambiguous": "sheet", "date_ambiguous": "sheet", "column_missing": "columns",
    "column_unknown": "columns", "column_ambiguous": "columns", "column_unsure": "columns",
    "currency_unknown": "columns", "currency_mixed": "columns", "tier_unsure": "columns", "unit_unsure": "columns",
    "sheets_unsure": "sheet", "origin_list_missing": "sheet",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """`mark`: done · now · attention · todo. `open`: there is something to look at."""

    name: str
    title: str
    mark: str
    open: bool


def asking(report: CheckReport | None) -> dict[str, int]:
    """Step -> number of blocking questions or errors that are answered there."""
    found: dict[str, int] = {}
    for group in report.problems if report else ():
        if group.severity == "error":
            step = STEP_OF.get(group.id, "errors")
            found[step] = found.get(step, 0) + group.count
    return found


def current_step(deck: Deck, report: CheckReport | None) -> str:
    """Where the deck's page opens: the first step that asks something, so that the others are skipped."""
    if deck.state == "approved":
        return "approve"
    if deck.state == "review":
        return "review"
    open_questions = asking(report)
    for name, _title in STEPS:
        if name in open_questions:
            return name
    return "file"


def steps_of(deck: Deck, report: CheckReport | None, here: str) -> list[Step]:
    """All six, marked; `here` is the page shown."""
    questions = asking(report)
    checked = report is not None
    order = [name for name, _title in STEPS]
    reached = order.index(current_step(deck, report))
    readable = checked and report is not None and report.preview is not None
    found = []
    for place, (name, title) in enumerate(STEPS):
        if name == here:
            mark = "now"
        elif name in questions:
            mark = "attention"
        elif (
            place < max(reached, order.index(here) if deck.state == "review" else 0)
            or deck.state == "approved"
        ):
            mark = "done"
        else:
            mark = "todo"
        usable = {
            "file": True, "sheet": readable, "columns": readable and bool(report and report.guess),
            "errors": checked, "review": deck.diff_key is not None and deck.state in ("review", "approved"),
            "approve": deck.state in ("review", "approved"),
        }[name]  # fmt: skip
        found.append(Step(name, title, mark, usable))
    return found
