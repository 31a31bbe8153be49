"""What keeps a call record from being rated: it goes to quarantine with this reason, never dropped, never rated at zero."""

from __future__ import annotations

from typing import Final

from rates.records.attempt import RELEASED, Attempt

DAY_MS: Final = 86_400_000
AHEAD_US: Final = 300_000_000
"""A switch's clock may be five minutes ahead of ours."""


def fault_of(record: Attempt, *, now_us: int) -> str | None:
    """The first reason, None for a record in order. A call of exactly 24 h is in order."""
    checks = (
        (not record.call_id or len(record.call_id) > 255, "no_call_id"),
        (len(record.source) > 40 or len(record.trunk) > 120 or len(record.product) > 120, "name_too_long"),
        (not _digits(record.dnis), "bad_number"),
        (len(record.ani) > 64, "bad_caller"),
        (record.setup_us < 0 or not 1 <= record.attempt <= 99, "bad_order"),
        (record.setup_us > now_us + AHEAD_US, "future_start"),
        (record.ringing_us is not None and record.ringing_us < record.setup_us, "bad_order"),
        (record.answer_us is not None and record.answer_us < record.setup_us, "bad_order"),
        (record.end_us is not None and record.end_us < record.start_us, "bad_order"),
        (record.duration_ms < 0, "negative_duration"),
        (record.duration_ms > 0 and record.answer_us is None, "talk_without_answer"),
        (record.duration_ms > DAY_MS, "over_a_day"),
        (record.sip_code != 0 and not 100 <= record.sip_code <= 699, "bad_sip_code"),
        (record.answered and record.sip_code not in (0, 200), "answered_without_200"),
        (record.q850 is not None and not 0 <= record.q850 <= 127, "bad_cause"),
        (record.released_by not in RELEASED, "bad_release"),
    )
    return next((reason for bad, reason in checks if bad), None)


def _digits(number: str) -> bool:
    return number.isascii() and number.isdigit() and 1 <= len(number) <= 15


WORDS: Final = {
    "no_call_id": "The record has no call id, or one of more than 255 characters.",
    "name_too_long": "A name in the record is longer than names are here.",
    "bad_number": "The dialled number is no number of 1 to 15 digits in international form.",
    "bad_caller": "The caller's number is longer than 64 characters.",
    "bad_order": "The instants are out of order: setup ≤ ringing, setup ≤ answer ≤ end; attempts count from 1 to 99.",
    "future_start": "The call begins in the future: look at the switch's clock and time zone.",
    "negative_duration": "The call lasted less than no time.",
    "talk_without_answer": "There is talk time without an answer.",
    "over_a_day": "The call lasted more than 24 hours: a hung call.",
    "bad_sip_code": "The final SIP code is not one of 100 to 699.",
    "answered_without_200": "The call was answered, but its final SIP code says otherwise.",
    "bad_cause": "The Q.850 cause is not one of 0 to 127.",
    "bad_release": "Who hung up is caller, callee, system or left empty.",
    "other_content": "This call was recorded before with other content. A person decides which is right.",
    "unknown_trunk": "No customer trunk of yours has this name, and no trunk was chosen for records without one.",
    "unknown_product": "No product has this name, and none was chosen for records without one.",
    "not_bought": "The trunk had not bought this product when the call began.",
    "no_rate": "No row of the product's deck prices this number at that instant.",
    "no_exchange": "There is no exchange rate for a currency of the call.",
    "unreadable": "The line could not be read as a call record.",
}
"""Each reason in words, with those the application adds."""
