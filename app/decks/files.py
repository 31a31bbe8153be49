"""Received bytes: one immutable file by SHA-256 below the files directory."""

from __future__ import annotations

import hashlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.errors import Invalid, TooLarge

CHUNK = 1 << 20


@dataclass(frozen=True)
class StoredFile:
    """`key` is the path below the files directory; `size` in bytes."""

    key: str
    sha256: str
    size: int


def size_fits(size: int, limit: int) -> int:
    """The size as given. Raises TooLarge above `limit` bytes, Invalid for an empty file."""
    if size > limit:
        raise TooLarge(
            f"The file is larger than the {limit // 2**20} MiB that a deck may have.",
            hint="Split the deck, or remove empty formatted rows and columns, and send it again.",
            limit_bytes=limit,
        )
    if size == 0:
        raise Invalid("The file is empty.", hint="Choose the file again; it holds no bytes.", id="file_empty")
    return size


def store_bytes(stream: BinaryIO, root: Path, *, limit: int) -> StoredFile:
    """Write the stream below `root`, named by its SHA-256; the same bytes twice are one file.

    Raises TooLarge as soon as `limit` bytes are passed, Invalid for an empty stream; nothing is kept then.
    """
    root.mkdir(parents=True, exist_ok=True)
    temporary = root / f".{uuid.uuid4().hex}.tmp"
    digest = hashlib.sha256()
    size = 0
    try:
        with temporary.open("wb") as out:
            while chunk := stream.read(CHUNK):
                size = size_fits(size + len(chunk), limit)
                digest.update(chunk)
                out.write(chunk)
            size_fits(size, limit)
            out.flush()
            os.fsync(out.fileno())
        sha = digest.hexdigest()
        key = f"{sha[:2]}/{sha}"
        target = root / key
        target.parent.mkdir(exist_ok=True)
        temporary.replace(target)
        _sync_directory(target.parent)
        return StoredFile(key, sha, size)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
