"""Two clocks made one: decks are painted over each other in the order of receipt (docs/decision.md 1, domain 3.3 and 3.4).

A deck is {"deck_id", "received_at", "mode": "partial" | "full", "deck_from", "unlisted": "parent" | "block", "backdated": bool,
"rows"}; the key of a price is (code, origin, jurisdiction). A price in force is a stretch (from, until, row), until FOREVER when it
has no end.
"""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
Stretch = tuple[int, int, Row]
FOREVER = 2**62
TERMS = (
    "destination",
    "rate_nanos",
    "first_rate_nanos",
    "connect_fee_nanos",
    "initial_increment",
    "next_increment",
    "free_seconds",
    "currency",
    "status",
)


def key(row: Row) -> tuple[Any, ...]:
    return row["code"], row["origin"], row["jurisdiction"]


def painted(before: list[Stretch], start: int, end: int, row: Row | None) -> list[Stretch]:
    """`before`, with `row` (None: nothing at all) in `[start, end)`."""
    if start >= end:
        return before
    after = [(a, min(b, start), r) for a, b, r in before] + [(max(a, end), b, r) for a, b, r in before]
    return sorted(
        [x for x in [*after, *([(start, end, row)] if row else [])] if x[0] < x[1]], key=lambda x: x[0]
    )


def repeats(before: list[Stretch], row: Row) -> bool:
    """Whether exactly this is in force already from the row's beginning without end: then the older row stays."""
    words = (
        ("destination", "status") if row["status"] else TERMS
    )  # the price of what is not open says nothing
    return row["effective_until"] is None and any(
        a <= row["effective_from"] and b == FOREVER and all(r[w] == row[w] for w in words)
        for a, b, r in before
    )


def as_taken(deck: Row) -> list[Row]:
    """The deck's rows; a date before receipt counts from receipt unless back-dating was agreed."""
    least = 0 if deck["backdated"] else deck["received_at"]
    return [
        {**row, "asked": row["effective_from"], "effective_from": max(row["effective_from"], least)}
        for row in deck["rows"]
    ]


def receive(book: dict[Any, list[Stretch]], deck: Row) -> None:
    """The latest-received deck wins from its dates on; what it leaves out closes when it is a full one."""
    taken = as_taken(deck)
    for name in {key(row) for row in taken}:
        rows = sorted((r for r in taken if key(r) == name), key=lambda r: r["asked"])
        for row, following in zip(rows, [*rows[1:], None], strict=True):
            before = book.get(name, [])
            if len(rows) == 1 and repeats(before, row):
                continue
            end = FOREVER if row["effective_until"] is None else row["effective_until"]
            end = min(end, following["effective_from"]) if following else end
            gone = row["status"] == 2 and deck["unlisted"] == "parent"
            book[name] = painted(before, row["effective_from"], end, None if gone else row)
    at = deck["deck_from"] if deck["backdated"] else max(deck["deck_from"], deck["received_at"])
    absent = [name for name in book if name not in {key(row) for row in taken}]
    for name in absent if deck["mode"] == "full" else []:
        later = [r for _, b, r in book[name] if b > at and r["status"] != 2]
        closed = (
            {**later[0], "status": 2, "deck_id": deck["deck_id"], "deck_row": 0}
            if later and deck["unlisted"] == "block"
            else None
        )
        book[name] = painted(book[name], at, FOREVER, closed) if later else book[name]


def resolve(decks: list[Row]) -> list[Row]:
    """The one timeline: rows whose intervals never overlap within a key."""
    book: dict[Any, list[Stretch]] = {}
    for deck in decks:
        receive(book, deck)
    return [
        {**row, "effective_from": start, "effective_until": None if end == FOREVER else end}
        for name in sorted(book, key=str)
        for start, end, row in book[name]
    ]
