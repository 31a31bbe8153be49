"""Faults of the merge of clocks that random decks have found."""

from __future__ import annotations

import pyarrow as pa

from rates import schema
from rates.notice import Terms
from rates.options import DeckOptions
from rates.timeline import apply

DAY_US = 86_400_000_000


def rows(currency: str) -> pa.Table:
    values = {
        "row": 2,
        "code": "44",
        "destination": "United Kingdom",
        "rate_nanos": 10_000_000,
        "connect_fee_nanos": 0,
        "initial_increment": 1,
        "next_increment": 1,
        "free_seconds": 0,
        "currency": currency,
        "status": 0,
        "effective_from": DAY_US,
    }
    return pa.table({name: [values.get(name)] for name in schema.ROWS.names}, schema=schema.ROWS)


def test_a_currency_changed_at_par_is_a_new_price() -> None:
    options = DeckOptions(mode="partial")
    fx = {"USD": "1", "EUR": "1"}
    first = apply(None, rows("USD"), Terms(0, 0, 1, options, fx))
    second = apply(first, rows("EUR"), Terms(DAY_US, DAY_US, 2, options, fx))
    assert second["currency"].to_pylist() == ["EUR"]
    assert second["deck_id"].to_pylist() == [2]
