"""Codes that begin like no country of the world."""
import numpy as np

from rates.country import countries_of
from rates.keys import keys_of
from rates.lines import Lines


def check(lines: Lines) -> None:
    found = countries_of(keys_of(lines.texts["code"]))
    lines.report("unknown_country", np.equal(found, None), "code")
