"""The words of test calls for people: states, outcomes, findings (docs/media.md), final codes."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from http import HTTPStatus
from typing import Final

STATES: Final = {
    "queued": "waits for the edge",
    "placed": "under way",
    "done": "done",
    "refused": "refused",
    "cancelled": "cancelled",
    "failed": "failed",
}

OUTCOMES: Final = {
    "answered": "Answered",
    "busy": "Busy",
    "no_answer": "Nobody answered",
    "rejected": "Turned down by the called party",
    "bad_number": "No such number",
    "cancelled": "Given up by the caller",
    "refused": "Refused by us",
    "failed": "Failed in the network",
    "interrupted": "Cut off: the edge was stopped",
}

VERDICTS: Final = {
    "honest": ("no fault found", "good"),
    "suspect": ("false answer suspected", "poor"),
    "unanswered": ("not answered", "muted"),
}

# finding -> (name, what it means for money)
FINDINGS: Final = {
    "fake_answer": ("Fake answer", "The call was answered and is charged, but our number was never called."),
    "loop_back": ("Looped audio", "We heard ourselves: nobody is at the other end."),
    "early_answer": ("Early answer", "Charged from before the called party picked up."),
    "false_refusal": ("False refusal", "Refused in the called party's name, which was never called."),
    "ring_after_answer": ("Ring tone after the answer", "Charged while it still rings."),
    "no_media": ("No audio after the answer", "Charged without a packet of audio."),
    "silence": ("Silence after the answer", "Charged for silence, comfort noise or one repeated byte."),
    "foreign_audio": (
        "Another's audio",
        "A recording, a voicemail or another party, not the one that was called.",
    ),
    "late_release": ("Late release", "Charged on after the called party hung up."),
    "cut": ("Cut between", "Each end was told that the other hung up."),
    "stretched": ("Stretched duration", "Reported longer than it lasted."),
}

# What the edge measured for a finding (lcr_core/src/testcall/fas), as "{}" of a duration says it.
EVIDENCE: Final = {
    "answered_ms": "answered {} after the call was sent", "waited_ms": "our number was not called for {}",
    "far_invited_ms": "our number was called after {}", "early_ms": "{} too early",
    "ring_from_ms": "ring tone from {} after the answer", "ring_until_ms": "ring tone until {} after the answer",
    "lasted_ms": "lasted {}", "late_ms": "released {} late", "talk_ms": "lasted {} by our clock",
    "billed_ms": "reported as {}", "heard_ms": "our marker came back {} after the answer",
    "from_ms": "began {} after the answer", "voice_ms": "{} of speech heard", "listened_ms": "listened for {}",
    "first_marker_ms": "our far end first heard after {}",
}  # fmt: skip

CLI: Final = {
    "exact": ("arrived as sent", "good"),
    "reformatted": ("arrived, written otherwise", "good"),
    "truncated": ("arrived cut short", "fair"),
    "withheld": ("was withheld", "fair"),
    "substituted": ("was replaced by another number", "poor"),
}
CLI_KEPT: Final = ("exact", "reformatted")

RELEASED: Final = {
    "a": "the caller",
    "b": "the vendor's side",
    "us": "us",
    "limit": "us, at the limit",
    "timeout": "us, nobody answered in time",
    "session_timer": "us, the session timer ran out",
    "lost": "nobody: the other side vanished",
}

_SIP: Final = {
    100: "Trying", 200: "OK", 202: "Accepted",
    180: "Ringing", 181: "Being forwarded", 183: "Session progress", 480: "Temporarily unavailable", 484: "Address incomplete",
    486: "Busy here", 487: "Request terminated", 488: "Not acceptable here", 491: "Request pending", 600: "Busy everywhere",
    603: "Decline", 604: "Does not exist anywhere", 606: "Not acceptable", 607: "Unwanted", 608: "Rejected",
}  # fmt: skip


def code_words(code: int | None, phrase: str = "") -> str:
    """486 → "486 Busy here"; the vendor's own phrase where the code has none."""
    if code is None:
        return "–"
    known = _SIP.get(code)
    if known is None:
        try:
            known = HTTPStatus(code).phrase.capitalize()
        except ValueError:
            known = phrase
    return f"{code} {known}".strip()


def finding_name(kind: str) -> str:
    return FINDINGS.get(kind, (kind.replace("_", " ").capitalize(), ""))[0]


def evidence_words(name: str, value: int) -> str:
    """("late_ms", 1234) → "released 1.23 s late"; the name and the number of what has no words."""
    if name == "code":
        return f"refused by {code_words(value)}"
    if name == "first_marker_ms" and value < 0:
        return "our far end was never heard"
    if name == "ring_from_ms" and value < 0:
        return f"ring tone from {milliseconds(-value)} before the answer"
    if name in EVIDENCE:
        return EVIDENCE[name].format(milliseconds(value))
    return f"{name.removesuffix('_ms').replace('_', ' ')} {milliseconds(value) if name.endswith('_ms') else value}"


def milliseconds(value: int | None) -> str:
    """1234 → "1.23 s"; "–" without a value."""
    if value is None:
        return "–"
    if value < 1000:
        return f"{value} ms"
    if value < 60_000:
        return f"{value / 1000:.2f} s"
    return f"{value // 60_000}:{value // 1000 % 60:02d} min"


def cash(amount: Decimal | int | None, places: int = 6) -> str:
    """For reading, half-up to so many places; downloads and the API carry every digit."""
    if amount is None:
        return "–"
    return f"{Decimal(amount).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def mos_words(milli: int | None) -> str:
    return "–" if milli is None else f"{milli // 1000}.{milli % 1000 // 10:02d}"


def mos_tone(milli: int | None) -> str:
    """As the market's badges have it."""
    if milli is None:
        return "none"
    return "good" if milli >= 4_000 else "fair" if milli >= 3_600 else "poor"
