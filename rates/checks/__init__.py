"""One check a file. A check looks at Lines, reports what is wrong, leaves rows out where a person chose that, and settles values.
`CHECKS` is their order: later ones may rely on what earlier ones settled."""

from rates.checks import (
    areas,
    codes,
    countries,
    currencies,
    date_rules,
    duplicates,
    fees,
    files,
    increment_rules,
    leaps,
    origins,
    overlaps,
    peak,
    rate_rules,
    shares,
    statuses,
    suspicious,
    text_rows,
    traps,
)

ROW_CHECKS = (
    text_rows.check,
    statuses.check,
    peak.check,
    rate_rules.check,
    currencies.check,
    increment_rules.check,
    suspicious.check,
    fees.check,
    date_rules.check,
    codes.check,
    files.truncated_rows,
    files.rate_like_code,
)
"""On the rows of the file."""
CODE_CHECKS = (countries.check, duplicates.check, overlaps.check)
"""On dial codes, after lists and ranges are spread out."""
DECK_CHECKS = (shares.check, leaps.price_leap, leaps.decimal_slip, areas.check, origins.check, traps.check)
"""On the whole deck, beside the one in force (rates.compared)."""
