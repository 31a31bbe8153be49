"""What a seller promises of a product in figures: form fields, and the words of `Product.claims`.

`asr_ppm`, `ner_ppm`, `acd_ms`, `pdd_ms` (a ceiling), `mos_milli`: the units of the measured figures (app/market/figures.py);
`minutes_month`: capacity. A word that is not there is not promised.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DecimalField, IntegerField
from wtforms.validators import NumberRange, Optional

# Field, word, factor from the field's unit.
WORDS = (("claim_asr", "asr_ppm", 10_000), ("claim_ner", "ner_ppm", 10_000), ("claim_acd", "acd_ms", 1_000),
         ("claim_pdd", "pdd_ms", 1), ("claim_mos", "mos_milli", 1_000), ("claim_minutes", "minutes_month", 1))  # fmt: skip


class ClaimFields(FlaskForm):  # type: ignore[misc]
    claim_asr = DecimalField("ASR at least, %", [Optional(), NumberRange(0, 100)], places=2)
    claim_ner = DecimalField("NER at least, %", [Optional(), NumberRange(0, 100)], places=2)
    claim_acd = IntegerField("ACD at least, s", [Optional(), NumberRange(0, 86_400)])
    claim_pdd = IntegerField("PDD at most, ms", [Optional(), NumberRange(0, 60_000)])
    claim_mos = DecimalField("MOS at least", [Optional(), NumberRange(1, 5)], places=2)
    claim_minutes = IntegerField("Capacity, minutes a month", [Optional(), NumberRange(1, 10**12)])


def claims_of_form(form: ClaimFields) -> dict[str, int]:
    """Only what is promised."""
    given = ((word, getattr(form, name).data, factor) for name, word, factor in WORDS)
    return {word: int(value * factor) for word, value, factor in given if value is not None}


def claim_values(claims: dict[str, Any]) -> dict[str, Any]:
    """For the form's fields."""
    return {
        name: Decimal(claims[word]) / factor
        if factor in (1_000, 10_000) and word != "acd_ms"
        else claims[word] // factor
        for name, word, factor in WORDS
        if word in claims
    }
