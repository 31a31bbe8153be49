"""diff(a, b) carried out on a gives b: for every instant of valid time, and as every deck was received."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from rates.difftable import diff_table, terms_words
from rates.notice import Terms
from rates.options import DeckOptions
from rates.parse.dates import micros
from rates.schema import CLOSED, OPEN, ROWS
from rates.timeline import merge
from rates.view import as_of, changes_between

START = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
Key = tuple[str, str | None, str | None]
State = dict[Key, tuple[Any, ...]]

codes = st.sampled_from(("44", "441", "4412", "447", "4479", "49", "491", "1", "1212"))
layers = st.sampled_from(((None, None), (None, None), ("EEA", None), ("Rest", None), (None, "intrastate")))
row = st.fixed_dictionaries(
    {
        "destination": st.sampled_from(("UK", "UK Mobile", "Other")),
        "rate_nanos": st.integers(1, 30).map(lambda n: n * 1_000_000),
        "connect_fee_nanos": st.sampled_from((0, 0, 5_000_000)),
        "terms": st.sampled_from(((1, 1), (60, 1), (60, 60))),
        "status": st.sampled_from((0, 0, 0, 0, 1, 2)),
        "day": st.integers(0, 20),
        "lasts": st.none() | st.none() | st.integers(1, 15),
    }
)
decks = st.dictionaries(st.tuples(codes, layers), row, min_size=1, max_size=8)
options = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(("full", "partial", "full_per_country")),
        "late": st.sampled_from(("postpone", "accept", "reject")),
        "notice_days": st.sampled_from((0, 7)),
        "backdated": st.sampled_from(("from_receipt", "accept")),
        "unlisted_rule": st.sampled_from(("parent", "block", "highest_in_country")),
    }
)


def table(deck: dict[Any, dict[str, Any]], received: datetime) -> pa.Table:
    """Typed rows; `day` counts from five days before receipt."""
    rows = []
    for number, ((code, (origin, jurisdiction)), values) in enumerate(sorted(deck.items(), key=str), start=2):
        begins = received + timedelta(days=values["day"] - 5)
        ends = None if values["lasts"] is None else begins + timedelta(days=values["lasts"])
        rows.append(
            {
                "sheet": "s", "row": number, "code": code, "destination": values["destination"],
                "rate_nanos": values["rate_nanos"], "first_rate_nanos": None, "connect_fee_nanos": values["connect_fee_nanos"],
                "initial_increment": values["terms"][0], "next_increment": values["terms"][1], "free_seconds": 0,
                "currency": "USD", "status": values["status"], "effective_from": begins, "effective_until": ends,
                "origin": origin, "jurisdiction": jurisdiction,
            }
        )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=ROWS)


def state(timeline: pa.Table | None, at: datetime) -> State:
    """What is in force at an instant, but for closed codes: they say nothing."""
    if timeline is None:
        return {}
    return {
        (r["code"], r["origin"], r["jurisdiction"]): _priced(r) for r in as_of(timeline, at).to_pylist() if r["status"] != CLOSED
    }  # fmt: skip


def _priced(r: dict[str, Any]) -> tuple[Any, ...]:
    if r["status"] != OPEN:
        return ("blocked", r["destination"])
    words = terms_words(0, r["connect_fee_nanos"], r["initial_increment"], r["next_increment"], 0)
    return (r["rate_nanos"], words, r["destination"])


def carried_out(before: State, changes: list[dict[str, Any]], at: datetime) -> State:
    """`before` after the rows of a diff that are in force at `at`."""
    after = dict(before)
    for change in changes:
        begins, ends = change["effective_from"], change["effective_until"]
        if begins is None or begins > at or (ends is not None and ends <= at):
            continue
        key = (change["code"], change["origin"], change["jurisdiction"])
        if change["new_status"] == "closed":
            after.pop(key, None)
        elif change["new_status"] == "blocked":
            after[key] = ("blocked", change["destination_new"])
        else:
            after[key] = (change["new_rate_nanos"], change["new_terms"], change["destination_new"])
    return after


def changes_of(diff: pa.Table, rows: pa.Table, rule: str) -> list[dict[str, Any]]:
    """Rows of a diff with the status that stands behind them in the file; codes it does not name are closed."""
    status = dict(zip(rows["row"].to_pylist(), rows["status"].to_pylist(), strict=True))
    found = []
    for change in diff.to_pylist():
        asked = status.get(change["row"], CLOSED)
        word = {0: "open", 1: "blocked", 2: "closed"}[asked]
        found.append(change | {"new_status": word})
    return found


@settings(max_examples=80)
@given(data=st.lists(st.tuples(decks, options, st.integers(1, 9)), min_size=2, max_size=4))
def test_the_diff_of_each_deck_carried_out_on_the_one_in_force_is_the_new_timeline(
    data: list[tuple[Any, dict[str, Any], int]],
) -> None:
    timeline: pa.Table | None = None
    received = START
    for number, (deck, chosen, days) in enumerate(data):
        received += timedelta(days=days)
        at = micros(received)
        if chosen["unlisted_rule"] == "highest_in_country":  # prices absent codes anew: not a row of the diff
            chosen = chosen | {"unlisted_rule": "parent"}
        rows = table(deck, received)
        terms = Terms(received_us=at, deck_from_us=at, deck_id=number, options=DeckOptions(**chosen))
        merged = merge(timeline, rows, terms)
        changes = changes_of(diff_table(merged, rows), rows, chosen["unlisted_rule"])
        for hours in range(-24 * 8, 24 * 40, 24 * 4 + 7):
            instant = received + timedelta(hours=hours)
            assert carried_out(state(timeline, instant), changes, instant) == state(merged.timeline, instant)
        timeline = merged.timeline


@settings(max_examples=120)
@given(
    data=st.lists(st.tuples(decks, options, st.integers(1, 9)), min_size=1, max_size=4),
    first=st.integers(0, 30), later=st.integers(0, 30),
)  # fmt: skip
def test_the_changes_between_two_instants_lead_from_the_first_deck_to_the_second(
    data: list[tuple[Any, dict[str, Any], int]], first: int, later: int
) -> None:
    timeline: pa.Table | None = None
    received = START
    for number, (deck, chosen, days) in enumerate(data):
        received += timedelta(days=days)
        at = micros(received)
        terms = Terms(received_us=at, deck_from_us=at, deck_id=number, options=DeckOptions(**chosen))
        timeline = merge(timeline, table(deck, received), terms).timeline
    assert timeline is not None
    start, end = START + timedelta(days=first), START + timedelta(days=first + later)
    before, after = state(timeline, start), state(timeline, end)
    statuses = {
        (r["code"], r["origin"], r["jurisdiction"]): r["status"] for r in as_of(timeline, end).to_pylist()
    }
    words = {0: "open", 1: "blocked", 2: "closed"}
    changes = [
        change | {
            "new_status": words[statuses.get((change["code"], change["origin"], change["jurisdiction"]), CLOSED)],
            "effective_from": end, "effective_until": None,
        }
        for change in changes_between(timeline, start, end).to_pylist()
    ]  # fmt: skip
    assert carried_out(before, changes, end) == after
