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
