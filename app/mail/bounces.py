"""Delivery reports (RFC 3464): which of our messages came back, and why."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message


@dataclass(frozen=True)
class Bounce:
    """`message_ids`: of our message, as the report names it; `recipient` in lower case, "" where it is not told; `final`: given up,
    not only late."""

    message_ids: tuple[str, ...]
    recipient: str
    final: bool
    words: str


def bounce_of(message: Message) -> Bounce | None:
    """None for a message that is no delivery report."""
    if (
        message.get_content_type() != "multipart/report"
        or message.get_param("report-type") != "delivery-status"
    ):
        return None
    fields: dict[str, str] = {}
    named: list[str] = []
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            for block in part.get_payload() if isinstance(part.get_payload(), list) else []:
                if isinstance(block, Message):
                    fields |= {name.lower(): _line(value) for name, value in block.items()}
        elif kind == "text/rfc822-headers":
            payload = part.get_payload(decode=True)
            text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
            named += [
                _line(line.partition(":")[2])
                for line in text.splitlines()
                if line.lower().startswith("message-id:")
            ]
        elif part is not message and part.get("Message-ID"):
            named.append(_line(part["Message-ID"]))
    for header in ("In-Reply-To", "References"):
        named += _line(message.get(header, "")).split()
    recipient = (
        fields.get("final-recipient", fields.get("original-recipient", "")).rpartition(";")[2].strip().lower()
    )
    why = fields.get("diagnostic-code", "").partition(";")[2].strip() or fields.get("status", "")
    return Bounce(
        tuple(dict.fromkeys(one for one in named if one)), recipient, fields.get("action", "").lower() == "failed",
        (why or "the receiving server gave no reason")[:300],
    )  # fmt: skip


def _line(text: object) -> str:
    return " ".join(str(text).split())
