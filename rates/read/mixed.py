"""Files put together from pieces of several encodings: every run of bytes that is UTF-8 is read so, the rest as one byte a character."""

import codecs
from pathlib import Path
from typing import Final

MIXED: Final = "utf-8+cp1252"
"""The name such a file's encoding goes by, in guesses and options."""
ERRORS: Final = "rates.mixed"


def _one_byte(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    piece = fault.object[fault.start : fault.end]
    return piece.decode("cp1252", errors="replace"), fault.end


codecs.register_error(ERRORS, _one_byte)


def how_to_decode(encoding: str) -> tuple[str, str]:
    """(codec, what it does with bytes that do not fit) of an encoding as options name it."""
    return ("utf-8", ERRORS) if encoding == MIXED else (encoding, "strict")


def is_mixed(path: Path) -> bool:
    """Some lines with letters beyond ASCII are UTF-8, others are not; both kinds in earnest, not one broken byte."""
    good = bad = 0
    with path.open("rb") as source:
        for line in source:
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad += 1
            if good and bad:
                return True
            if good + bad > 200_000:
                return False
    return False
