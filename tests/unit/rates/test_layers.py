"""Prices for some callers only: origin groups and jurisdictions beside the list for everybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rates import store
from rates.difftable import diff_table
from rates.notice import Terms
from rates.options import DeckOptions
from rates.parse.dates import micros
from rates.rules import (
    JurisdictionRules,
    OriginGroup,
    OriginRules,
    Surcharge,
    jurisdiction_rules,
    merged_origin,
    origin_rules,
    rules_json,
    with_rules,
)
from rates.schema import DIFF, ROWS, TIMELINE, completed
from rates.timeline import apply, merge
from rates.view import as_of, changes_between
from rates.worst import for_anybody

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = FIRST + timedelta(days=30)


def deck(*rows: tuple[str, str | None, str | None, int], start: datetime = FIRST) -> pa.Table:
    """Rows: code, origin, jurisdiction, nanos."""
    return pa.Table.from_pylist(
        [
            {
                "sheet": "deck", "row": number, "code": code, "destination": "Germany", "rate_nanos": nanos, "first_rate_nanos": None,
                "connect_fee_nanos": 0, "initial_increment": 1, "next_increment": 1, "free_seconds": 0, "currency": "USD",
                "status": 0, "effective_from": start, "effective_until": None, "origin": origin, "jurisdiction": jurisdiction,
            }
            for number, (code, origin, jurisdiction, nanos) in enumerate(rows, start=2)
        ],
        schema=ROWS,
    )  # fmt: skip


def terms(received: datetime, mode: str = "full", **options: Any) -> Terms:
    at = micros(received)
    return Terms(
        received_us=at,
        deck_from_us=at,
        deck_id=1,
        options=DeckOptions(mode=mode, notice_days=0, **options),  # type: ignore[arg-type]
    )


def prices(table: pa.Table) -> dict[tuple[str, str | None, str | None], int]:
    return {(r["code"], r["origin"], r["jurisdiction"]): r["rate_nanos"] for r in table.to_pylist()}


def test_one_code_may_have_a_price_in_every_layer() -> None:
    rows = deck(
        ("4915", None, None, 120), ("4915", "EEA", None, 3), ("4915", "Invalid", None, 250), ("49", "EEA", None, 2)
    )  # fmt: skip
    timeline = apply(None, rows, terms(FIRST))
    assert timeline.schema.equals(TIMELINE)
    assert prices(as_of(timeline, FIRST)) == {
        ("49", "EEA", None): 2, ("4915", "EEA", None): 3, ("4915", "Invalid", None): 250, ("4915", None, None): 120,
    }  # fmt: skip


def test_a_change_in_one_layer_leaves_the_others_alone() -> None:
    old = apply(None, deck(("4915", None, None, 120), ("4915", "EEA", None, 3)), terms(FIRST))
    new = deck(("4915", "EEA", None, 4), start=SECOND)
    merged = merge(old, new, terms(SECOND, "partial"))
    table = diff_table(merged, new)
    assert table.schema.equals(DIFF)
    assert [(r["code"], r["origin"], r["label"], r["old_rate_nanos"]) for r in table.to_pylist()] == [
        ("4915", "EEA", "INCREASE", 3)
    ]
    assert prices(as_of(merged.timeline, SECOND)) == {("4915", None, None): 120, ("4915", "EEA", None): 4}
    changed = changes_between(merged.timeline, FIRST, SECOND).to_pylist()
    assert [(r["origin"], r["label"], r["effective_from"]) for r in changed] == [("EEA", "INCREASE", SECOND)]


def test_a_new_layer_is_compared_with_what_its_callers_paid_before() -> None:
    old = apply(None, deck(("49", None, None, 100)), terms(FIRST))
    new = deck(("4915", "EEA", None, 3), ("4915", "RoW", None, 250), start=SECOND)
    table = diff_table(merge(old, new, terms(SECOND, "partial")), new).to_pylist()
    assert [(r["origin"], r["label"], r["compared_with"]) for r in table] == [
        ("EEA", "DECREASE", "49"),
        ("RoW", "INCREASE", "49"),
    ]


def test_a_full_deck_closes_what_it_does_not_name_layer_by_layer() -> None:
    old = apply(
        None, deck(("49", None, None, 100), ("49", "EEA", None, 3), ("33", "EEA", None, 3)), terms(FIRST)
    )
    new = deck(("49", None, None, 100), ("33", "EEA", None, 3), start=SECOND)
    merged = merge(old, new, terms(SECOND))
    closed = [r for r in diff_table(merged, new).to_pylist() if r["label"] == "CLOSED"]
    assert [(r["code"], r["origin"], r["falls_back_to"], r["new_rate_nanos"]) for r in closed] == [
        ("49", "EEA", "49", 100)
    ]


def test_jurisdictions_are_layers_too() -> None:
    rows = deck(("1212555", None, "interstate", 5), ("1212555", None, "intrastate", 9))
    merged = merge(None, rows, terms(FIRST))
    again = deck(("1212555", None, "interstate", 5), ("1212555", None, "intrastate", 8), start=SECOND)
    table = diff_table(merge(merged.timeline, again, terms(SECOND)), again).to_pylist()
    assert [(r["jurisdiction"], r["label"]) for r in table] == [
        ("interstate", "UNCHANGED"),
        ("intrastate", "DECREASE"),
    ]


def test_rules_travel_with_the_deck_and_a_partial_deck_keeps_those_it_does_not_name(tmp_path: Path) -> None:
    first = OriginRules(
        groups=(OriginGroup(name="EEA", prefixes=("33", "49")), OriginGroup(name="UK", prefixes=("44",))),
        surcharges=(Surcharge(group="RoW", nanos=250_000_000),),
    )
    timeline = apply(None, with_rules(deck(("49", "EEA", None, 1)), first, JurisdictionRules()), terms(FIRST))
    key = store.Store(str(tmp_path)).put(timeline)
    stored = store.Store(str(tmp_path)).open(key)
    assert (origin_rules(stored), jurisdiction_rules(stored)) == (first, JurisdictionRules())
    grown = OriginRules(reading="code_first", groups=(OriginGroup(name="EEA", prefixes=("33",)),))
    after = apply(
        stored, with_rules(deck(("49", "EEA", None, 2), start=SECOND), grown, None), terms(SECOND, "partial")
    )
    found = origin_rules(after)
    assert found is not None
    assert {g.name: g.prefixes for g in found.groups} == {"EEA": ("33",), "UK": ("44",)}
    assert (found.reading, found.surcharges, jurisdiction_rules(after)) == (
        "code_first",
        first.surcharges,
        JurisdictionRules(),
    )
    plain = apply(stored, deck(("49", None, None, 2), start=SECOND), terms(SECOND))
    assert origin_rules(plain) == OriginRules(groups=(first.groups[0],)), "history still prices EEA callers"
    assert rules_json(apply(None, deck(("49", None, None, 2)), terms(FIRST))) == (None, None)


def test_a_prefix_belongs_to_the_group_that_claimed_it_last() -> None:
    old = OriginRules(groups=(OriginGroup(name="EEA", prefixes=("33", "44")),))
    new = OriginRules(groups=(OriginGroup(name="UK", prefixes=("44",)),))
    found = merged_origin(old, new, ["EEA", "UK"], whole=True)
    assert found is not None
    assert found.groups == (
        OriginGroup(name="EEA", prefixes=("33",)),
        OriginGroup(name="UK", prefixes=("44",)),
    )


def test_a_deck_stored_before_there_were_layers_is_still_read(tmp_path: Path) -> None:
    for schema in (TIMELINE, ROWS, DIFF):
        old = schema.empty_table().drop_columns(["origin", "jurisdiction"])
        stored = store.Store(str(tmp_path / "store"))
        assert stored.open(stored.put(old)).schema.equals(schema)
    timeline = apply(None, deck(("49", None, None, 100)), terms(FIRST)).drop_columns(
        ["origin", "jurisdiction"]
    )
    assert completed(timeline).schema.equals(TIMELINE)
    again = deck(("49", None, None, 90), start=SECOND)
    assert prices(as_of(apply(timeline, again, terms(SECOND)), SECOND)) == {("49", None, None): 90}


def test_without_a_caller_every_code_costs_what_the_dearest_layer_asks() -> None:
    timeline = apply(
        None,
        deck(
            ("49", None, None, 50),
            ("4915", "EEA", None, 3),
            ("4915", "Invalid", None, 250),
            ("33", "EEA", None, 1),
        ),
        terms(FIRST),
    )
    flat = for_anybody(timeline)
    assert prices(flat) == {("33", None, None): 1, ("49", None, None): 50, ("4915", None, None): 250}
    dearer = apply(timeline, deck(("4915", "EEA", None, 900), start=SECOND), terms(SECOND, "partial"))
    found = for_anybody(dearer)
    assert prices(as_of(found, FIRST))["4915", None, None] == 250
    assert prices(as_of(found, SECOND))["4915", None, None] == 900
    assert found.filter(pc.equal(found["code"], "49")).num_rows == 1
    plain = apply(None, deck(("49", None, None, 50)), terms(FIRST))
    assert for_anybody(plain) is plain


def test_a_code_only_cheap_callers_have_costs_others_what_its_parent_costs() -> None:
    timeline = apply(None, deck(("49", None, None, 50), ("4915", "EEA", None, 3)), terms(FIRST))
    assert prices(for_anybody(timeline)) == {("49", None, None): 50, ("4915", None, None): 50}
