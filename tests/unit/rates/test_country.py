"""The country of a dial code is the core's."""

from __future__ import annotations

import phonenumbers
import pyarrow as pa
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from rates.country import countries_of, country_code_length, country_of_prefix
from rates.keys import keys_of


@pytest.mark.parametrize(
    ("prefix", "country"),
    [
        ("1", "US"), ("1242", "BS"), ("1416", "CA"), ("7", "RU"), ("77", "KZ"), ("7701", "KZ"), ("7495", "RU"),
        ("379", "VA"), ("4779", "SJ"), ("5997", "BQ"), ("5999", "CW"), ("881", "+881"), ("8816", "+881"), ("88", "+88"),
        ("5", "+5"), ("210", None), ("0", None), ("0044", None), ("", None),
    ],
)  # fmt: skip
def test_a_beginning_names_its_country(prefix: str, country: str | None) -> None:
    assert country_of_prefix(prefix) == country


def test_every_country_code_is_that_of_the_numbering_metadata() -> None:
    for code, (region, *_) in COUNTRY_CODE_TO_REGION_CODE.items():
        expected = f"+{code}" if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY else region
        assert country_of_prefix(str(code)) == expected
        assert country_code_length(f"{code}12345") == len(str(code))


def test_a_column_of_codes_has_a_column_of_countries() -> None:
    found = countries_of(keys_of(pa.array(["44", "447911", "77011", "2100", "0"])))
    assert found.tolist() == ["GB", "GB", "KZ", None, None]
