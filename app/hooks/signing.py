"""Secret and signature of a webhook: HMAC-SHA256 over instant and body, so that a copy sent later does not pass."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Tandem-Signature"


def secret_of(key: str, webhook_id: int, salt: str) -> str:
    """The same whenever asked; nobody who reads the database alone can tell it."""
    digest = hmac.new(key.encode(), f"webhook:{webhook_id}:{salt}".encode(), hashlib.sha256).hexdigest()
    return f"whsec_{digest}"


def signature(secret: str, seconds: int, body: bytes) -> str:
    """`t=<unix seconds>,v1=<hex>`; what is signed is `<t>.<body>`."""
    digest = hmac.new(secret.encode(), b"%d." % seconds + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def genuine(secret: str, header: str, body: bytes, now_seconds: int, tolerance: int = 300) -> bool:
    """What a receiver checks: docs/webhooks.md shows it in a few lines."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    stamp = parts.get("t", "")
    if not stamp.isdigit() or abs(now_seconds - int(stamp)) > tolerance:
        return False
    return hmac.compare_digest(signature(secret, int(stamp), body), header)
