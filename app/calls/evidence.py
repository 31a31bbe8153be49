"""The result of a test call as a signed file: JSON with an Ed25519 signature, verifiable without this exchange.

Signed are the bytes of the canonical JSON (keys sorted, no spaces, UTF-8) of `result`, after the line `tandem-test-call-1`.
`tandem calls verify FILE` checks it; docs/test-results.md says how to do it with other tools.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.config import Settings
from app.security.setup import kept_secret

FORMAT = "tandem-test-call-1"
SECRET = "evidence_key"
BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True)
class Verdict:
    """`genuine`: the signature fits the key in the file. `known`: that key is the one it was asked to be; None: none was named.
    `files`: name → kept | changed | missing, of the recordings beside the file."""

    genuine: bool
    known: bool | None
    fingerprint: str
    why: str
    result: dict[str, Any]
    files: dict[str, str]

    @property
    def good(self) -> bool:
        return self.genuine and self.known is not False and "changed" not in self.files.values()


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """The exchange's own, from its secret."""
    secret = kept_secret(settings, SECRET, settings.calls.evidence_key)
    return Ed25519PrivateKey.from_private_bytes(
        hashlib.sha256(b"tandem test calls\n" + secret.encode()).digest()
    )


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def fingerprint(public: bytes) -> str:
    """Short enough to be read out: the first 20 hex digits of its sha256, in groups of four."""
    digits = hashlib.sha256(public).hexdigest()[:20]
    return "-".join(digits[at : at + 4] for at in range(0, 20, 4))


def canonical(result: dict[str, Any]) -> bytes:
    text = json.dumps(result, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"{FORMAT}\n{text}".encode()


def sign(settings: Settings, result: dict[str, Any]) -> dict[str, Any]:
    """The whole file as an object."""
    key = signing_key(settings)
    public = public_bytes(key)
    return {
        "format": FORMAT,
        "key": {
            "algorithm": "Ed25519", "public": base64.b64encode(public).decode(), "fingerprint": fingerprint(public),
        },
        "signature": base64.b64encode(key.sign(canonical(result))).decode(),
        "result": result,
    }  # fmt: skip


def verify(text: bytes, *, expected: str = "", folder: Path | None = None) -> Verdict:
    """`expected`: fingerprint (or base64 public key) of the exchange it should come from. With `folder` the recordings that
    lie there under the names in the file are checked too. A file that is none gives a verdict that says so."""
    try:
        if len(text) > BYTES_MAX:
            raise ValueError("it is too large")
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"it is no {FORMAT} file")
        result, public = document["result"], base64.b64decode(document["key"]["public"], validate=True)
        signature = base64.b64decode(document["signature"], validate=True)
        signed = canonical(result)
        key = Ed25519PublicKey.from_public_bytes(public)
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        return Verdict(False, None, "", f"This is no signed result: {fault}.", {}, {})
    mark = fingerprint(public)
    known = expected.strip() in (mark, base64.b64encode(public).decode()) if expected.strip() else None
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        why = "The signature does not fit: the file was changed after it was signed."
        return Verdict(False, known, mark, why, result, {})
    files = {} if folder is None else _files(result, folder)
    why = "" if known is not False else f"It was signed by another key: {mark}."
    if "changed" in files.values():
        why = "A recording beside it is not the one that was signed."
    return Verdict(True, known, mark, why, result, files)


def _files(result: dict[str, Any], folder: Path) -> dict[str, str]:
    found = {}
    for one in result.get("files") or []:
        name = Path(str(one.get("name", ""))).name
        path = folder / name
        if not name or not path.is_file():
            found[name] = "missing"
        else:
            with path.open("rb") as stream:
                found[name] = (
                    "kept"
                    if hashlib.file_digest(stream, "sha256").hexdigest() == one.get("sha256")
                    else "changed"
                )
    return found
