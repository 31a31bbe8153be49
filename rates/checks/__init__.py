"""One check a file. A check looks at Lines, reports what is wrong, leaves rows out where a person chose that, and settles values.
`CHECKS` is their order: later ones may rely on what earlier ones settled."""

from rates.checks import (
    codes,
    countries,
    currencies,
    date_rules,
    duplicates,
    fees,
    increment_rules,
    overlaps,
    peak,
    rate_rules,
    statuses,
    suspicious,
    text_rows,
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
)
"""On the rows of the file."""
CODE_CHECKS = (countries.check, duplicates.check, overlaps.check)
"""On dial codes, after lists and ranges are spread out."""
