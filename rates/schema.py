"""Columns of the Arrow tables of this package. Instants are half-open, UTC; money in nanos (10⁻⁹ of a unit)."""

from typing import Final

import pyarrow as pa

INSTANT: Final = pa.timestamp("us", tz="UTC")

LAYER_FIELDS: Final = (pa.field("origin", pa.utf8()), pa.field("jurisdiction", pa.utf8()))
"""The layer of a price: name of the caller's origin group (null = any caller), and `interstate`, `intrastate`, `indeterminate` or
`local` (null = any call). Together with the code they name a price; a table without these columns means null throughout."""

JURISDICTIONS: Final = ("interstate", "intrastate", "indeterminate", "local")

TIMELINE: Final = pa.schema(
    [
        pa.field("code", pa.utf8(), nullable=False),
        pa.field("destination", pa.utf8(), nullable=False),
        pa.field("rate_nanos", pa.int64(), nullable=False),
        pa.field("first_rate_nanos", pa.int64()),
        pa.field("connect_fee_nanos", pa.int64(), nullable=False),
        pa.field("initial_increment", pa.int32(), nullable=False),
        pa.field("next_increment", pa.int32(), nullable=False),
        pa.field("free_seconds", pa.int32(), nullable=False),
        pa.field("currency", pa.utf8(), nullable=False),
        pa.field("status", pa.int8(), nullable=False),
        pa.field("effective_from", INSTANT, nullable=False),
        pa.field("effective_until", INSTANT),
        pa.field("received_at", INSTANT, nullable=False),
        pa.field("deck_id", pa.int64(), nullable=False),
        pa.field("deck_row", pa.int32(), nullable=False),
        *LAYER_FIELDS,
    ]
)
"""docs/decision.md 1; sorted by code, layer, effective_from; intervals of one code in one layer never overlap. What origin groups and
jurisdictions mean stands in the schema's metadata (rates.rules)."""

OPEN, BLOCKED, CLOSED = 0, 1, 2

ROWS: Final = pa.schema(
    [
        ("sheet", pa.utf8()),
        ("row", pa.int32()),
        ("code", pa.utf8()),
        ("destination", pa.utf8()),
        ("rate_nanos", pa.int64()),
        ("first_rate_nanos", pa.int64()),
        ("connect_fee_nanos", pa.int64()),
        ("initial_increment", pa.int32()),
        ("next_increment", pa.int32()),
        ("free_seconds", pa.int32()),
        ("currency", pa.utf8()),
        ("status", pa.int8()),
        ("effective_from", INSTANT),
        ("effective_until", INSTANT),
        *LAYER_FIELDS,
    ]
)
"""Typed rows of a deck as asked by the sender, one per dial code, layer and validity."""

LABELS: Final = (
    "NEW",
    "INCREASE",
    "DECREASE",
    "UNCHANGED",
    "CLOSED",
    "BLOCKED",
    "REOPENED",
    "TERMS_CHANGED",
    "RENAMED",
    "MOVED",
    "LATE",
    "BACKDATED",
    "DUPLICATE",
    "CONFLICT",
)

DIFF: Final = pa.schema(
    [
        ("code", pa.utf8()),
        ("destination_old", pa.utf8()),
        ("destination_new", pa.utf8()),
        ("label", pa.utf8()),
        ("name_label", pa.utf8()),
        ("currency", pa.utf8()),
        ("old_rate_nanos", pa.int64()),
        ("new_rate_nanos", pa.int64()),
        ("old_eff30_nanos", pa.int64()),
        ("new_eff30_nanos", pa.int64()),
        ("old_eff180_nanos", pa.int64()),
        ("new_eff180_nanos", pa.int64()),
        ("pct_ppm", pa.int64()),
        ("asked_from", INSTANT),
        ("effective_from", INSTANT),
        ("effective_until", INSTANT),
        ("compared_with", pa.utf8()),
        ("falls_back_to", pa.utf8()),
        ("old_terms", pa.utf8()),
        ("new_terms", pa.utf8()),
        ("row", pa.int32()),
        *LAYER_FIELDS,
    ]
)
"""One row per code, layer and validity. `eff` = cost of a call of 30 s / 180 s, per minute. pct_ppm: change of the effective
price (180 s, or 30 s where that alone moved) in millionths; null when there is no old price or it is 0. name_label: RENAMED
or MOVED beside another label, else "". compared_with: the code of the deck in force that priced these numbers (longest
match). falls_back_to: for CLOSED, the code that prices them afterwards; null = none. terms: `60/1`, with `+fee` and free
seconds where present. row: of the file, null for codes absent from it. effective_from: null for
a LATE row that a person rejected (it has no effect)."""


def completed(table: pa.Table) -> pa.Table:
    """A table stored before layers existed gets their columns, all null; every other table comes back as it is."""
    missing = {field.name for field in LAYER_FIELDS}
    names = set(table.column_names)
    if not any(
        set(schema.names) - names == missing and names <= set(schema.names)
        for schema in (TIMELINE, ROWS, DIFF)
    ):
        return table
    for field in LAYER_FIELDS:
        table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table


def is_layered(table: pa.Table) -> bool:
    """Whether any price of the table is for some callers only."""
    return any(
        field.name in table.column_names and table[field.name].null_count < table.num_rows
        for field in LAYER_FIELDS
    )
