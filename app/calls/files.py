"""Audio and packets of test calls below the evidence directory, by content: taken over from the edge, read, let go."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
from pathlib import Path

SHA256 = re.compile(r"[0-9a-f]{64}")


class DamagedFile(Exception):
    """The bytes are not those the record names."""


def path_of(root: Path, sha256: str) -> Path:
    return root / sha256[:2] / sha256


def take_over(root: Path, source: Path, sha256: str) -> int:
    """Move the edge's file to its place; its size. Safe to repeat: what is there already is left.

    Raises FileNotFoundError where it is neither here nor there, DamagedFile where the bytes are others."""
    if not SHA256.fullmatch(sha256):
        raise DamagedFile("the record names no sha256")
    target = path_of(root, sha256)
    if target.exists():
        source.unlink(missing_ok=True)
        return target.stat().st_size
    if digest(source) != sha256:
        raise DamagedFile(f"{source.name} is not what the record names")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.replace(source, target)
    except OSError:  # another file system
        temporary = target.parent / f".{uuid.uuid4().hex}"
        shutil.copyfile(source, temporary)
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, target)
        source.unlink(missing_ok=True)
    return target.stat().st_size


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def inside(directory: Path, path: str) -> Path | None:
    """The path below the directory, None for one that leads out of it."""
    found = (directory / path).resolve()
    return found if found.is_relative_to(directory.resolve()) else None
