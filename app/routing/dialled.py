"""A dialled number as the asking trunk writes it, read by the same rules as the edge (docs/decision.md 9)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import lcr_core
from app.carriers.models import CustomerTrunk
from app.errors import Invalid

REASONS = {
    "ambiguous": "it fits a national and an international reading: dial + or the international prefix",
    "tech_prefix_missing": "the tech prefix is missing",
    "national_prefix_missing": "it is neither international nor begins with the national prefix",
    "not_assigned": "no country's numbers look like this",
    "too_short": "it is too short",
    "too_long": "it is too long",
    "not_digits": "it holds something that is no digit",
    "local_number": "it is a local number of some domain",
    "empty": "it is empty",
}


@dataclass(frozen=True)
class Dialled:
    number: str
    lrn: str | None = None
    npdi: bool = False


def normalised(words: dict[str, Any], text: str) -> dict[str, Any]:
    """What `lcr_core.normalise` says. Raises Invalid for words that make no sense."""
    try:
        read: dict[str, Any] = json.loads(lcr_core.normalise(json.dumps(words), text))
    except lcr_core.QueryError as fault:
        raise Invalid(str(fault), field="normalise") from fault
    return read


def dialled(trunk: CustomerTrunk | None, text: str) -> Dialled:
    """Raises Invalid with the reason. A trunk without rules, and the operator, write E.164 with or without +."""
    bare = text.strip()
    if trunk is None or not trunk.normalise:
        return Dialled(bare)
    words = dict(trunk.normalise)
    if trunk.tech_prefix and not words.get("tech_prefix"):
        bare = bare.removeprefix(trunk.tech_prefix)
    read = normalised(words, bare)
    if not read["ok"]:
        reason = read["reason"]
        raise Invalid(
            f"{text[:40]} is not a number as this trunk writes them: {REASONS.get(reason, reason)}.",
            hint="The trunk's page shows how its numbers are read.",
            field="number",
        )
    return Dialled(read["e164"], read["rn"], read["npdi"])
