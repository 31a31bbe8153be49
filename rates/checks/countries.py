"""Codes that begin like no country of the world."""

from rates.country import in_country
from rates.lines import Lines


def check(lines: Lines) -> None:
    unknown = in_country(lines.values["key"], None)
    if unknown.sum() >= lines.reading.thresholds.unknown_rows:
        lines.judge("unknown_country", unknown, "code")
