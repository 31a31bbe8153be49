"""How a trunk writes numbers: the form's fields to the core's words and back."""

from __future__ import annotations

import pytest

from app.carriers.normalise_form import read_number, values_of, words_of
from app.errors import Invalid


def test_fields_become_words_and_come_back() -> None:
    data = {
        "country_code": "44",
        "national_prefix": "0",
        "international_prefixes": "00, 011",
        "min_digits": 7,
    }
    words = words_of(data)
    assert words == data | {"international_prefixes": ["00", "011"]}
    assert values_of(words)["international_prefixes"] == "00 011"
    assert words_of({"name": "x", "country_code": ""}) is None
    assert read_number(words, "020 7946 0000")["e164"] == "442079460000"
    assert read_number(words, "2079460000")["reason"] == "ambiguous"


def test_italy_s_zero_is_not_taken_off() -> None:
    with pytest.raises(Invalid, match="leading 0"):
        words_of({"country_code": "39", "national_prefix": "0"})
