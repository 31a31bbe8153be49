"""How a trunk writes numbers: form fields to the words of docs/decision.md 9 and back, and what they make of a number."""

from __future__ import annotations

import json
from typing import Any

import lcr_core
from app.errors import Invalid

FIELDS = ("country_code", "national_prefix", "international_prefixes", "min_digits", "max_digits")


def words_of(data: dict[str, Any]) -> dict[str, Any] | None:
    """None when nothing is filled in. Raises Invalid for words that contradict each other."""
    words: dict[str, Any] = {name: data.get(name) for name in FIELDS if data.get(name)}
    if "international_prefixes" in words:
        words["international_prefixes"] = words["international_prefixes"].replace(",", " ").split()
    if not words:
        return None
    read_number(words, "+1")
    return words


def values_of(words: dict[str, Any] | None) -> dict[str, Any]:
    values = {name: (words or {}).get(name) for name in FIELDS}
    values["international_prefixes"] = " ".join((words or {}).get("international_prefixes") or [])
    return values


def read_number(words: dict[str, Any] | None, text: str) -> dict[str, Any]:
    """{"e164", "ok", "reason", …}. Raises Invalid for words that contradict each other."""
    try:
        read: dict[str, Any] = json.loads(lcr_core.normalise(json.dumps(words or {}), text))
    except lcr_core.QueryError as fault:
        raise Invalid(str(fault).replace("_", " "), field="country_code") from fault
    return read
