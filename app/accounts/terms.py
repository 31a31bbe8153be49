"""The text every company accepts before it trades; a changed text is a new version with another hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

VERSION = "1"
FILE = Path(__file__).parent / f"terms_{VERSION}.txt"


def text() -> str:
    return FILE.read_text(encoding="utf-8")


def text_sha256() -> str:
    return hashlib.sha256(FILE.read_bytes()).hexdigest()
