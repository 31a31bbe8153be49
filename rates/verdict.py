"""What the problems of a deck mean for it: what stops it, what a second person must agree to, which increases come too late."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from rates import problems
from rates.catalogue import CATALOGUE
from rates.options import CheckRequest
from rates.thresholds import BY_ID

REVIEWABLE: Final = frozenset({"duplicate_code", *BY_ID})
"""Errors beside which the rows can still be laid beside the deck in force, so that a person sees what is at stake."""


def stopping(found: pa.Table) -> set[str]:
    """Ids of the errors."""
    return set(found.filter(pc.equal(found["severity"], "error"))["id"].unique().to_pylist())


def confirmed(request: CheckRequest, found: pa.Table) -> tuple[str, ...]:
    """A sentence for each finding that would have blocked the deck and was accepted."""
    seen = set(found["id"].unique().to_pylist())
    if "duplicate_code" in seen:
        seen.add("code_conflict")
    accepted = set(request.options.accept_warnings)
    return tuple(
        f"Accepted: {check.title.lower()}."
        for check in BY_ID.values()
        if check.id in seen & accepted and request.thresholds.level(check.id) == "block"
    )


def late_problems(request: CheckRequest, diff: pa.Table) -> pa.Table:
    """One warning (or, when such rows refuse the file, one error) for every increase with too short notice."""
    late = diff.filter(pc.equal(diff["label"], "LATE"))
    options, count = request.options, late.num_rows
    begins = f"Increase with less than {options.notice_days} {options.notice_unit} days of notice: "
    words = {
        "postpone": "postponed to the first legal instant.",
        "accept": "taken as asked.",
        "refuse": "refused by the agreement.",
        "reject": "the row is left out; the code keeps its price.",
    }
    choices = pa.array([options.late], pa.utf8()).take(pa.array([0] * count, pa.int8()))
    if options.late_codes and count:
        decided = list(options.late_codes)
        place = pc.index_in(late["code"], value_set=pa.array(decided))
        own = pa.array([options.late_codes[code] for code in decided], pa.utf8()).take(place)
        choices = pc.coalesce(own, options.late)
    by_word = pa.array(list(words), pa.utf8())
    hints = pa.array([begins + words[word] for word in words], pa.utf8()).take(
        pc.index_in(choices, value_set=by_word)
    )
    none = pa.nulls(count, pa.utf8())
    return pa.table(
        [
            none,
            late["row"],
            none,
            late["code"],
            late["asked_from"].cast(pa.utf8()),
            pa.array(["notice_short"], pa.utf8()).take(pa.array([0] * count, pa.int8())),
            pc.if_else(pc.equal(choices, "refuse"), "error", CATALOGUE["notice_short"].severity),
            hints,
        ],
        schema=problems.SCHEMA,
    )
