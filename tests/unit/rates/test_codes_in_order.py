"""Codes as numbers that are sorted as the texts are, and rows found by them."""

import random

import numpy as np
import pyarrow as pa

from rates.country import countries_of, in_country
from rates.keys import LAYER, by_code, keys_of, textual
from rates.layers import Layers
from rates.lookup import FOREVER, Lookup


def random_codes(source: random.Random, count: int) -> list[str]:
    return ["".join(source.choice("0123") for _ in range(source.randint(1, 15))) for _ in range(count)]


def test_numbers_of_codes_ascend_as_their_texts_do() -> None:
    codes = sorted({*random_codes(random.Random(1), 3000), "4", "44", "440", "9" * 15, "1", "10"})
    numbers = textual(keys_of(pa.array(codes)))
    assert (np.diff(numbers) > 0).all()


def test_a_code_without_digits_still_has_a_key() -> None:
    assert keys_of(pa.array(["", "44"])).tolist() == [1, 144]


def test_rows_come_by_code_and_then_by_beginning_in_every_layer() -> None:
    keys = keys_of(pa.array(["440", "44", "44", "9"]))
    start = np.array([5, 7, 2, 1])
    assert by_code(keys, start).tolist() == [2, 1, 0, 3]
    layered = keys + np.array([0, LAYER, LAYER, 0])
    assert by_code(layered, start)[-2:].tolist() == [2, 1]


def test_the_row_in_force_is_the_one_a_patient_search_finds() -> None:
    source = random.Random(7)
    for rounds, span in ((200, 1), (200, 4)):
        codes = random_codes(source, rounds)
        rows = [
            (code, 10 * part, 10 * part + 10 if part < span - 1 else int(FOREVER))
            for code in dict.fromkeys(codes)
            for part in range(span)
        ]
        source.shuffle(rows)
        start, end = (np.array([row[place] for row in rows], np.int64) for place in (1, 2))
        lookup = Lookup(keys_of(pa.array([row[0] for row in rows])), start, end, Layers())
        asked = random_codes(source, 300) + codes
        at = np.array([source.randint(-2, 45) for _ in asked], np.int64)
        found = lookup.longest(keys_of(pa.array(asked)), at)
        for code, instant, row in zip(asked, at.tolist(), found.tolist(), strict=True):
            fitting = [r for r in rows if code.startswith(r[0]) and r[1] <= instant < r[2]]
            assert (rows[row] if row >= 0 else None) == max(fitting, key=lambda r: len(r[0]), default=None)


def test_a_deck_without_layers_knows_no_code_of_a_layer() -> None:
    keys = keys_of(pa.array(["44", "447"]))
    lookup = Lookup(keys, np.zeros(2, np.int64), np.full(2, FOREVER), Layers())
    assert lookup.exact(np.append(keys + LAYER, keys), np.zeros(4, np.int64)).tolist() == [-1, -1, 0, 1]
    assert lookup.ever(np.append(keys + LAYER, keys)).tolist() == [False, False, True, True]


def test_codes_of_a_country_are_those_named_after_it() -> None:
    keys = keys_of(pa.array(["44", "447911", "77011", "2100", "0"]))
    names = countries_of(keys)
    assert in_country(keys, "GB").tolist() == [True, True, False, False, False]
    assert in_country(keys, None).tolist() == [name is None for name in names]
