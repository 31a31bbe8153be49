"""What the signed result of a call says, to whom: the record with its verdict; the vendor's addresses only to who may see them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.calls.files import path_of
from app.calls.limits import plain
from app.calls.mask import NotPackets, masked
from app.calls.models import TestCall, TestFile
from app.calls.queries import call_row, events, files, media
from app.security.actor import Actor

ADDRESS_FIELDS = ("address", "sip_call_ids")


def result_of(
    session: Session, who: Actor, call: TestCall, *, exchange: str, addresses: bool, evidence: Path
) -> dict[str, Any]:
    """A JSON object; `addresses`: whether the reader may see where the vendor's calls go; `evidence`: where the
    recordings lie."""
    row = call_row(session, who, call)
    record = call.record if addresses else _without(call.record)
    shown = events(session, call.id)
    return {
        "exchange": exchange,
        "call": call.ref,
        "mode": call.mode,
        "ordered_at": call.created_at.isoformat(),
        "ordered_by": row.company,
        "seller": row.seller,
        "product": row.product,
        "product_id": call.product_id,
        "number": call.number,
        "dial_code": call.code,
        "destination": call.destination,
        "verdict": call.verdict,
        "findings": call.findings,
        "outcome": call.outcome,
        "code": call.sip_code,
        "q850": call.cause,
        "cost": None if call.cost is None else {"amount": plain(call.cost), "currency": call.currency},
        "record": record,
        "media": {
            side: {"figures": one.figures if addresses else _without(one.figures), "seconds": one.seconds}
            for side, one in media(session, call.id).items()
        },
        "events": shown if addresses else [_without(one) for one in shown],
        "files": [_file(call, one, evidence, addresses) for one in files(session, call.id)],
    }


def _file(call: TestCall, one: TestFile, evidence: Path, addresses: bool) -> dict[str, Any]:
    """As it is downloaded: packets without addresses are other bytes than those that were kept."""
    name = file_name(call, one)
    if one.kind == "wav" or addresses:
        return {"name": name, "sha256": one.sha256, "bytes": one.size_bytes}
    shown = packets_without(evidence, one)
    return {"name": name, "sha256": hashlib.sha256(shown).hexdigest(), "bytes": len(shown), "masked": True}


def packets_without(evidence: Path, one: TestFile) -> bytes:
    """The capture with masked addresses; empty where it is gone or no capture."""
    try:
        return masked(path_of(evidence, one.sha256).read_bytes())
    except (OSError, NotPackets):
        return b""


def file_name(call: TestCall, one: TestFile) -> str:
    """test-call-12.wav; our far end's recording is …-far.wav."""
    return f"test-call-{call.id}{'-far' if one.side == 'f' else ''}.{one.kind}"


def _without(value: Any) -> Any:
    """Without addresses at any depth, and without where the edge kept its files."""
    if isinstance(value, dict):
        return {name: _without(part) for name, part in value.items() if name not in (*ADDRESS_FIELDS, "path")}
    if isinstance(value, list):
        return [_without(part) for part in value]
    return value
