"""Ask a clamd whether bytes are known to be harmful (its INSTREAM command)."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from app.errors import DomainError, Invalid

DEADLINE_S = 15.0
PIECE = 2**16


class ScannerAway(DomainError):
    """A scanner is configured and does not answer: nothing is taken unseen."""

    code = "scanner_away"
    status = 503


def scan(content: bytes, clamd: str) -> None:
    """`clamd`: `host:port` or the path of a socket; empty: nobody is asked. Raises Invalid with the name of what was
    found, ScannerAway when there is no clear answer."""
    if not clamd:
        return
    try:
        said = _ask(content, clamd)
    except (OSError, ValueError) as fault:
        raise ScannerAway("The virus scanner does not answer.", hint="Try again in some minutes.") from fault
    if said.endswith("FOUND"):
        name = said.removeprefix("stream:").removesuffix("FOUND").strip()
        raise Invalid(f"The virus scanner says: {name}.", hint="Make the document anew on a clean machine.")
    if not said.endswith("OK"):
        raise ScannerAway(f"The virus scanner could not look: {said[:100]}.", hint="Tell the operator.")


def _ask(content: bytes, clamd: str) -> str:
    with _connect(clamd) as line:
        line.settimeout(DEADLINE_S)
        line.sendall(b"zINSTREAM\0")
        for at in range(0, len(content), PIECE):
            piece = content[at : at + PIECE]
            line.sendall(struct.pack("!L", len(piece)) + piece)
        line.sendall(struct.pack("!L", 0))
        answer = b""
        while not answer.endswith(b"\0") and (more := line.recv(4096)):
            answer += more
    return answer.rstrip(b"\0").decode("utf-8", "replace").strip()


def _connect(clamd: str) -> socket.socket:
    if Path(clamd).is_absolute():
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(DEADLINE_S)
        try:
            line.connect(clamd)
        except OSError:
            line.close()
            raise
        return line
    host, _, port = clamd.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=DEADLINE_S)
