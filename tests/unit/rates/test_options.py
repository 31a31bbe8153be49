"""What a person decided about a file, written down and read again."""

from __future__ import annotations

import pytest

from rates.fields import FIELDS, LABELS, is_field, label_of
from rates.options import DeckOptions, Defaults, TableOptions, options_from_toml, to_toml


@pytest.mark.parametrize(
    "options",
    [
        DeckOptions(),
        DeckOptions(
            mode="full",
            sheets=("Rates", "A = B.csv"),
            header_row=3,
            delimiter="\t",
            decimal_mark=",",
            mapping={0: "code", 12: "rate:Rest of World"},
            headers={'Prix "net"\n€/min': "rate", "Préfixe": "code"},
            defaults=Defaults(currency="EUR", initial_increment=60, connect_fee="0.01"),
            rate_unit="per_second",
            repairs=("round_rates",),
            tables={
                "EEA": TableOptions(kind="rates", mapping={0: "code", 1: "rate"}, origin="EEA"),
                "A.numbers": TableOptions(kind="origins", header_row=0),
            },
        ),
    ],
)
def test_options_written_as_toml_are_the_same_options_again(options: DeckOptions) -> None:
    assert options_from_toml(to_toml(options)) == options


def test_a_template_in_toml_says_only_what_was_decided() -> None:
    assert to_toml(DeckOptions(decimal_mark=",", headers={"Prix": "rate"})) == (
        'decimal_mark = ","\n\n[headers]\nPrix = "rate"\n'
    )


def test_an_unknown_word_in_a_template_is_named() -> None:
    with pytest.raises(ValueError, match="colour"):
        options_from_toml('colour = "red"')


def test_every_field_has_a_label_and_origin_groups_make_fields_of_their_own() -> None:
    assert set(FIELDS) == set(LABELS)
    assert is_field("rate:EEA")
    assert not is_field("rate:")
    assert not is_field("price")
    assert label_of("rate:EEA") == "Rate for callers from EEA"
