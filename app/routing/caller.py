"""The caller's number as the edge reads it, so that simulator and switch answer with the same words."""

from __future__ import annotations

import re

from app.errors import Invalid

WITHHELD = frozenset(("anonymous", "restricted", "unavailable", "unknown", "private"))


def caller_number(text: str | None) -> str | None:
    """Digits without a leading + and separators; None for an empty or withheld number (docs/lcr-http.md).

    Raises Invalid for anything that is not 1 to 15 digits then.
    """
    given = (text or "").strip()
    if not given or given.lower() in WITHHELD:
        return None
    digits = re.sub(r"[ \-.()]", "", given.removeprefix("+"))
    if not re.fullmatch(r"[0-9]{1,15}", digits):
        raise Invalid(
            f"{given[:40]} is not a caller's number.",
            hint="1 to 15 digits with the country code, or nothing when it is withheld.",
            field="ani",
        )
    return digits


def routing_number(text: str | None) -> str | None:
    """The LRN of a caller; a JIP of six digits is completed to a number, as the edge does it."""
    digits = re.sub(r"[ \-.()+]", "", text or "")
    return f"1{digits}0000" if re.fullmatch(r"[0-9]{6}", digits) else digits or None
