"""A local copy of the breached passwords' hashes: nothing is asked of a server outside."""

from __future__ import annotations

import hashlib
from pathlib import Path


def is_breached(password: str, file: Path) -> bool:
    """Whether the SHA-1 of the password stands in `file`: lines `HASH:COUNT` in ascending order of the upper-case
    hash, as haveibeenpwned.com publishes them. Raises OSError when it cannot be read (nobody sets a password then)."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with file.open("rb") as lines:
        low, high = 0, lines.seek(0, 2)
        # The invariant: a line with the wanted hash starts at or after `low` and before `high`.
        while low < high:
            middle = (low + high) // 2
            lines.seek(middle)
            if middle:
                lines.seek(middle - 1)
                lines.readline()  # to the start of the first line at or after the middle
            start = lines.tell()
            found = lines.readline()[:40].upper()
            if not found or start >= high:
                high = middle
            elif found == wanted:
                return True
            elif found < wanted:
                low = start + 1
            else:
                high = middle
    return False
