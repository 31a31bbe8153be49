"""Datagrams at a steady rate from many addresses of this machine, and connections that say little. Run as a program:

    python -m tests.sip.flood '{"edge": 5060, "sources": ["127.0.1.1", …], "rate": 20000, "seconds": 10, "kind": "garbage", "seed": 1}'
    python -m tests.sip.flood '{"edge": 5060, "sources": ["127.0.0.4"], "kind": "silent", "count": 1000, "seconds": 10}'

Kinds: `garbage`; `invites`, each a new call that is never acknowledged; `digests`, INVITE and REGISTER with passwords that are wrong;
`silent`: connections that say nothing; `slow`: connections that say a byte now and then. Prints what it sent and what came back.
"""

from __future__ import annotations

import json
import random
import select
import socket
import sys
import time
from contextlib import suppress
from itertools import count
from typing import Any

HOST = "127.0.0.1"
_ids = count(1)


def request(method: str, source: str, number: str, more: str = "") -> bytes:
    """Nobody listens on port 9, nor on what a wrong byte makes of it: an answer that goes there is heard by no other test."""
    name = f"{method}-{next(_ids)}-{source}"
    return (
        f"{method} sip:{number}@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP {source}:9;branch=z9hG4bK{name};rport\r\n"
        f"From: <sip:33123456789@{source}>;tag=f\r\nTo: <sip:{number}@{HOST}>\r\nCall-ID: {name}\r\nCSeq: 1 {method}\r\n"
        f"Contact: <sip:a@{source}:9>\r\nMax-Forwards: 70\r\n{more}Content-Length: 0\r\n\r\n"
    ).encode()


def garbage(luck: random.Random, source: str) -> bytes:
    """Noise, broken messages, whole messages with a few wrong bytes, long ones."""
    kind = luck.randrange(6)
    if kind == 0:
        return luck.randbytes(luck.randrange(1, 1200))
    whole = bytearray(
        request(luck.choice(["INVITE", "OPTIONS", "BYE", "ACK", "FOO"]), source, "442079460000")
    )
    if kind == 1:
        return bytes(whole[: luck.randrange(len(whole))])
    if kind == 2:
        return b"SIP/2.0 200 OK\r\n" + bytes(whole[whole.index(b"Via") :])
    if kind == 3:
        return bytes(whole[:-2]) + b"X: " + luck.randbytes(luck.randrange(9000)) + b"\r\n\r\n"
    for _ in range(luck.randrange(1, 20)):
        whole[luck.randrange(len(whole))] = luck.randrange(256)
    return bytes(whole)


def digest(luck: random.Random, source: str) -> bytes:
    name = luck.choice(["Authorization", "Proxy-Authorization"])
    words = (
        f'username="{luck.randrange(1000)}", realm="tandem", nonce="{luck.randbytes(16).hex()}", uri="sip:x"'
    )
    more = f'{name}: Digest {words}, response="{luck.randbytes(16).hex()}", algorithm=MD5\r\n'
    return request(luck.choice(["INVITE", "REGISTER"]), source, "8312442079460000", more)


def make(kind: str, luck: random.Random, source: str) -> bytes:
    if kind == "garbage":
        return garbage(luck, source)
    if kind == "digests":
        return digest(luck, source)
    # One with a ticket that is none, one question, one to nowhere.
    return request(
        "INVITE", source, luck.choice(["9999442079460000", "442079460000", "1", "8312881123456789"])
    )


def datagrams(words: dict[str, Any]) -> dict[str, Any]:
    luck, kind = random.Random(words["seed"]), words["kind"]
    sockets = []
    for source in words["sources"]:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((source, 0))
        sock.setblocking(False)
        sock.connect((HOST, words["edge"]))
        sockets.append((sock, source))
    # Garbage is made before, so that its rate is kept; calls must be new ones.
    store = [garbage(luck, luck.choice(words["sources"])) for _ in range(2000)] if kind == "garbage" else []
    begun, sent, answers, longest = time.monotonic(), 0, 0, 0
    while (now := time.monotonic()) < begun + words["seconds"]:
        for _ in range(int((now - begun) * words["rate"]) - sent):
            sock, source = sockets[sent % len(sockets)]
            with suppress(OSError):
                sock.send(store[sent % len(store)] if store else make(kind, luck, source))
            sent += 1
        time.sleep(0.002)
        for sock, _ in sockets:
            with suppress(OSError):
                for _ in range(1000):
                    longest = max(longest, len(sock.recv(65536)))
                    answers += 1
    return {"kind": kind, "sent": sent, "answers": answers, "longest": longest}


def connections(words: dict[str, Any]) -> dict[str, Any]:
    """Opens them as fast as they come, opens new ones in place of those that are closed, all through."""
    text = request("OPTIONS", words["sources"][0], "ping") + b" " * 100
    begun, opened, closed, answers = time.monotonic(), 0, 0, 0
    alive: dict[int, tuple[socket.socket, int]] = {}
    poll = select.poll()
    spoke = begun
    while (now := time.monotonic()) < begun + words["seconds"]:
        for _ in range(min(40, words["count"] - len(alive))):
            sock = socket.socket()
            sock.bind((words["sources"][opened % len(words["sources"])], 0))
            sock.setblocking(False)
            sock.connect_ex((HOST, words["edge"]))
            alive[sock.fileno()] = (sock, 0)
            poll.register(sock, select.POLLIN)
            opened += 1
        if words["kind"] == "slow" and now > spoke + 0.5:
            spoke = now
            for number, (sock, said) in alive.items():
                with suppress(OSError):
                    sock.send(text[said : said + 1])
                alive[number] = (sock, said + 1)
        for number, _ in poll.poll(20):
            sock = alive[number][0]
            try:
                data = sock.recv(65536)
            except OSError:
                data = b""
            answers += bool(data)
            if not data:
                poll.unregister(number)
                sock.close()
                del alive[number]
                closed += 1
    for sock, _ in alive.values():
        sock.close()
    return {
        "kind": words["kind"],
        "opened": opened,
        "closed": closed,
        "answers": answers,
        "open": len(alive),
    }


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    run = connections if given["kind"] in ("silent", "slow") else datagrams
    print(json.dumps(run(given)), flush=True)
