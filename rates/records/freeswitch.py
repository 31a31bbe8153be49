"""FreeSWITCH mod_json_cdr: one object, a list of them, or one a line. Instants are those of the answered leg."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from rates.records.attempt import Attempt
from rates.records.unread import NotRecords, Unread
from rates.traffic import digits

# What the channel variable says about who sent the BYE, seen from the switch.
_RELEASE: Final = {
    "recv_bye": "caller",
    "send_bye": "callee",
    "recv_cancel": "caller",
    "send_refuse": "system",
}


def read_freeswitch(text: str, source: str) -> Iterator[Attempt | Unread]:
    try:
        whole = json.loads(text)
    except ValueError:
        try:
            whole = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as fault:
            raise NotRecords(f"This is not JSON: {fault}.") from None
    for number, record in enumerate(whole if isinstance(whole, list) else [whole], 1):
        yield _call(record, number, source)


def _call(record: Any, number: int, source: str) -> Attempt | Unread:
    said = record.get("variables") if isinstance(record, dict) else None
    if not isinstance(said, dict):
        return Unread(number, "no channel variables")
    profile: dict[str, Any] = next(
        (flow.get("caller_profile", {}) for flow in record.get("callflow") or [] if isinstance(flow, dict)),
        {},
    )
    dialled = str(
        said.get("sip_to_user") or profile.get("destination_number") or said.get("destination_number") or ""
    )
    dnis, setup = digits(dialled), _instant(said, "start")
    if dnis is None:
        return Unread(number, "no dialled number", dialled[:200])
    if setup is None:
        return Unread(number, "no start instant")
    answer = _instant(said, "answer")
    talk = _whole(said.get("billmsec"))
    if talk is None and (seconds := _whole(said.get("billsec"))) is not None:
        talk = seconds * 1000
    if answer is not None and talk is None:
        return Unread(number, "no duration")
    code = _whole(said.get("sip_term_status")) or _whole(said.get("sip_invite_failure_status"))
    return Attempt(
        source=source, call_id=str(said.get("sip_call_id") or said.get("uuid") or ""), setup_us=setup, dnis=dnis,
        ani=str(said.get("sip_from_user") or profile.get("caller_id_number") or ""), trunk=str(said.get("tandem_trunk") or ""),
        product=str(said.get("tandem_offer") or said.get("lcr_carrier") or ""),
        attempt=_whole(said.get("tandem_attempt")) or 1,
        ringing_us=_instant(said, "progress") or _instant(said, "progress_media"), answer_us=answer,
        end_us=_instant(said, "end"), duration_ms=talk or 0 if answer is not None else 0,
        sip_code=200 if answer is not None else code or 0, q850=_whole(said.get("hangup_cause_q850")),
        released_by=_RELEASE.get(str(said.get("sip_hangup_disposition")), ""),
    )  # fmt: skip


def _instant(said: dict[str, Any], name: str) -> int | None:
    """Microseconds where the switch gives them, else whole seconds; 0 = did not happen."""
    micros = _whole(said.get(f"{name}_uepoch"))
    if micros is None:
        seconds = _whole(said.get(f"{name}_epoch"))
        micros = None if seconds is None else seconds * 1_000_000
    return micros or None


def _whole(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
