"""Codes that begin like no country of the world."""

from rates.country import countries_of
from rates.keys import keys_of
from rates.lines import Lines, is_none


def check(lines: Lines) -> None:
    found = countries_of(keys_of(lines.texts["code"]))
    lines.report("unknown_country", is_none(found), "code")
