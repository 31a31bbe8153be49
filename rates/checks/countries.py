"""Codes that begin like no country of the world."""

from rates.country import countries_of
from rates.keys import keys_of
from rates.lines import Lines, is_none


def check(lines: Lines) -> None:
    found = countries_of(keys_of(lines.texts["code"]))
    unknown = is_none(found)
    if unknown.sum() >= lines.reading.thresholds.unknown_rows:
        lines.judge("unknown_country", unknown, "code")
