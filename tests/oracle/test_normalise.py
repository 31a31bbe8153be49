"""200,000 numbers as trunks write them: the core reads each as the rules say, and its answer again as itself."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

import lcr_core
from tests.oracle.normalise import lengths, normalise

NUMBERS = 200_000
TRUNKS: list[dict[str, Any]] = [
    {},
    {"international_prefixes": ["00"]},
    {"country_code": "44", "national_prefix": "0", "international_prefixes": ["00"]},
    {"country_code": "49", "national_prefix": "0", "international_prefixes": ["00", "0011"], "tech_prefix": "7701#"},
    {"country_code": "1", "national_prefix": "1", "international_prefixes": ["011"], "min_digits": 7},
    {"country_code": "1", "international_prefixes": ["011", "00"], "tech_prefix": "99"},
    {"country_code": "39", "international_prefixes": ["00"], "max_digits": 13},
    {"country_code": "7", "national_prefix": "8", "international_prefixes": ["810"]},
    {"country_code": "61", "national_prefix": "0", "international_prefixes": ["0011", "001"]},
    {"country_code": "81", "national_prefix": "0", "international_prefixes": ["010"], "min_digits": 8, "max_digits": 14},
]  # fmt: skip


def national(r: Random, code: str) -> str:
    """Digits behind a country code: mostly as many as its numbers have."""
    least, most = lengths()[code]
    size = r.randint(least, min(most, 15 - len(code))) if r.random() < 0.8 else r.randint(1, 14)
    return "".join(r.choice("0123456789") for _ in range(size))


def written(r: Random, words: dict[str, Any]) -> str:
    """A number as somebody might write it on this trunk, or on another."""
    code = words.get("country_code") if r.random() < 0.5 else r.choice(sorted(lengths()))
    code = code or r.choice(sorted(lengths()))
    rest = national(r, code)
    prefixes = words.get("international_prefixes") or ["00"]
    text = r.choice([
        "+" + code + rest, r.choice(prefixes) + code + rest, (words.get("national_prefix") or "0") + rest, rest, code + rest,
        r.choice(["00", "011", "0", "1", "8", ""]) + rest,
    ])  # fmt: skip
    if words.get("tech_prefix") and r.random() < 0.85:
        text = words["tech_prefix"] + text
    if r.random() < 0.3:
        at = sorted(r.sample(range(1, len(text) + 1), min(2, len(text))), reverse=True)
        for place in at:
            text = text[:place] + r.choice(" -.()") + text[place:]
    if r.random() < 0.05:
        text += r.choice(["x", "a12", "*", "#"])
    if r.random() < 0.2:
        text += r.choice(
            [
                ";npdi",
                f";rn=+1{r.randint(200, 999)}5550100",
                ";rn=14045550100;npdi",
                ";cic=+1-0288",
                ";tgrp=tg1",
            ]
        )
    if r.random() < 0.05:
        text += r.choice([";phone-context=+44", ";phone-context=example.com"])
    kind = r.random()
    if kind < 0.1:
        return f"tel:{text}"
    if kind < 0.2:
        return f"sip:{text}@192.0.2.1:5060;user=phone"
    if kind < 0.25:
        return f'"Bob" <sip:{text}@example.com>'
    return text


UK: dict[str, Any] = {"country_code": "44", "national_prefix": "0", "international_prefixes": ["00"]}
JAPAN: dict[str, Any] = {"country_code": "81", "national_prefix": "0", "international_prefixes": ["010"]}
RUSSIA: dict[str, Any] = {"country_code": "7", "national_prefix": "8", "international_prefixes": ["810"]}
AUSTRALIA: dict[str, Any] = {"country_code": "61", "national_prefix": "0", "international_prefixes": ["0011"]}
USA: dict[str, Any] = {"country_code": "1", "national_prefix": "1", "international_prefixes": ["011"]}
NORTH_OF_ENGLAND = UK | {
    "international_prefixes": ["011"]
}  # whose international prefix begins a national area


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [  # from the numbering plans, not from either program
        (UK, "020 7946 0000", "442079460000"),
        (UK, "0033 1 23 45 67 89", "33123456789"),
        (JAPAN, "03-1234-5678", "81312345678"),  # Tokyo
        (JAPAN, "010 1 212 555 0100", "ambiguous"),  # E.164 leaves Japan up to 13 digits of its own
        (AUSTRALIA, "0011 64 9 123 4567", "6491234567"),
        (AUSTRALIA, "02 9123 4567", "61291234567"),
        (RUSSIA, "8 495 123-45-67", "74951234567"),  # Moscow
        (RUSSIA, "8 812 123-45-67", "78121234567"),  # Saint Petersburg: the area begins like the prefix
        (RUSSIA, "8 800 555-35-35", "78005553535"),
        (RUSSIA, "810 44 20 7946 0000", "442079460000"),
        (USA, "1 212 555 0100", "12125550100"),
        (USA, "011 44 20 7946 0000", "442079460000"),
        (NORTH_OF_ENGLAND, "0114 496 0000", "441144960000"),  # Sheffield
        (NORTH_OF_ENGLAND, "011 1 212 555 0100", "12125550100"),
        # Two readings of which neither can be a number: refused, never guessed.
        (NORTH_OF_ENGLAND, "01144", "not_assigned"),
        (NORTH_OF_ENGLAND, "0119 9912 3456 7890", "not_assigned"),
        (RUSSIA, "810 44", "not_assigned"),
        (JAPAN, "010 81", "not_assigned"),
    ],
)
def test_numbers_of_the_plans_are_read_as_dialled_there(
    words: dict[str, Any], text: str, expected: str
) -> None:
    found = json.loads(lcr_core.normalise(json.dumps(words), text))
    assert (found["e164"] or found["reason"]) == expected
    assert normalise(words, text) == found


@pytest.mark.parametrize("shard", range(2))
def test_the_core_reads_numbers_as_the_rules_say(shard: int) -> None:
    r = Random(90 + shard)
    told = [json.dumps(words) for words in TRUNKS]
    seen: set[str] = set()
    for _ in range(NUMBERS // 2):
        place = r.randrange(len(TRUNKS))
        text = written(r, TRUNKS[place])
        found = json.loads(lcr_core.normalise(told[place], text))
        expected = normalise(TRUNKS[place], text)
        assert found == expected, f"{TRUNKS[place]} {text!r}"
        seen.add(expected["reason"] or "ok")
        if expected["ok"]:
            again = json.loads(lcr_core.normalise(told[place], "+" + expected["e164"]))
            assert again["e164"] == expected["e164"]
    assert seen >= {"ok", "ambiguous", "too_short", "too_long", "not_digits", "not_assigned", "tech_prefix_missing",
                    "national_prefix_missing", "local_number"}  # fmt: skip
