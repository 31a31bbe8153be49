"""Whether what came of a file is what its case expects."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pyarrow as pa

from rates.decimals import decimal_text
from rates.options import DeckOptions, options_from_dict
from rates.schema import BLOCKED, CLOSED, OPEN
from rates.thresholds import SANITY_CHECKS
from tests.decks.corpus.case import Case

WHOLE_DECK = {check.id for check in SANITY_CHECKS} - {"unknown_country", "currency_mixed", "overlap"} | {
    "notice_short"
}
"""Problems about the deck as a whole; other tests hold them, here they depend on the other rows of a tiny table."""


def options_of(case: Case, **defaults: Any) -> DeckOptions:
    """Mode partial, prices in USD from receipt, unless the case says otherwise."""
    stated = dict(case.options)
    given = {"currency": "USD", "effective_from": "receipt"} | defaults | dict(stated.pop("defaults", {}))
    return options_from_dict({"mode": "partial", "defaults": given, **stated})


def found_problems(table: pa.Table) -> dict[str, tuple[int, ...]]:
    """Id → rows in order; 0 for a problem without a row."""
    found: dict[str, list[int]] = defaultdict(list)
    for row in table.select(["id", "row"]).to_pylist():
        if row["id"] not in WHOLE_DECK:
            found[row["id"]].append(row["row"] or 0)
    return {id: tuple(sorted(rows)) for id, rows in found.items()}


def found_codes(rows: pa.Table) -> dict[str, str]:
    """Code (with its layer) → rate, or the word of its status."""
    found = {}
    for row in rows.to_pylist():
        layer = row["origin"] or row["jurisdiction"]
        name = f"{row['code']}@{layer}" if layer else row["code"]
        words = {OPEN: decimal_text(row["rate_nanos"]), BLOCKED: "blocked", CLOSED: "closed"}
        found[name] = words[row["status"]]
    return found
