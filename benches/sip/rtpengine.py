"""rtpengine without its kernel module, told of calls by its ng protocol over UDP."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from benches.sip.calls import GROUPS, audio_port, sdp
from tests.edge.process import until
from tests.sip.lab import HOST, free_ports, media_range

_cookies = count()


def bencode(value: Any) -> bytes:
    if isinstance(value, dict):
        return b"d" + b"".join(bencode(k) + bencode(value[k]) for k in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    data = str(value).encode()
    return b"%d:%s" % (len(data), data)


def bdecode(data: bytes, at: int = 0) -> tuple[Any, int]:
    kind = data[at : at + 1]
    if kind in (b"d", b"l"):
        at, items = at + 1, []
        while data[at : at + 1] != b"e":
            item, at = bdecode(data, at)
            items.append(item)
        return (dict(zip(items[::2], items[1::2], strict=True)) if kind == b"d" else items), at + 1
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end].decode("utf-8", "replace"), end


@dataclass
class Rtpengine:
    pid: int
    control: int

    def ask(self, command: str, **words: Any) -> dict[str, Any]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            # A cookie that was seen gets the answer of that time.
            sock.sendto(
                b"%d " % next(_cookies) + bencode({"command": command, **words}), (HOST, self.control)
            )
            answer: dict[str, Any] = bdecode(sock.recv(65536).split(b" ", 1)[1])[0]
        if answer.get("result") in ("ok", "pong"):
            return answer
        raise RuntimeError(f"rtpengine: {answer}")

    def answers(self) -> bool:
        try:
            return bool(self.ask("ping"))
        except OSError:
            return False

    def place(self, count: int, first: int) -> list[tuple[int, int]]:
        """Offer and answer of each call; the ports each side sends to."""
        pairs = []
        for number in range(count):
            words = {"call-id": f"bench{number}", "from-tag": "a", "ICE": "remove", "replace": ["origin"]}
            near, far = first + number % GROUPS, first + GROUPS + number % GROUPS
            offered = self.ask("offer", sdp=sdp(near), **words)
            answered = self.ask("answer", sdp=sdp(far), **words, **{"to-tag": "b"})
            pairs.append((audio_port(answered["sdp"]), audio_port(offered["sdp"])))
        return pairs


@contextmanager
def rtpengine(folder: Path, core: int, calls: int) -> Iterator[Rtpengine]:
    """One that works on one processor with one thread, which costs it least there."""
    first, last = media_range(2 * calls + 20)
    control = free_ports()[0]
    command = [
        "taskset",
        "-c",
        str(core),
        "rtpengine",
        "--foreground",
        "--log-stderr",
        "--log-level=4",
        "--table=-1",
    ]
    command += ["--num-threads=1", f"--interface={HOST}", f"--listen-ng={HOST}:{control}"]
    command += [f"--port-min={first}", f"--port-max={last}", "--timeout=600", "--silent-timeout=600"]
    command += [f"--pidfile={folder}/rtpengine.pid", "--config-file=none"]
    with (folder / "rtpengine.log").open("wb") as log:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
    one = Rtpengine(child.pid, control)
    try:
        until(lambda: child.poll() is not None or one.answers(), "rtpengine answers", 30)
        if child.poll() is not None:
            raise RuntimeError((folder / "rtpengine.log").read_text()[-2000:])
        yield one
    finally:
        child.terminate()
        child.wait(20)
