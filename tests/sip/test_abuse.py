"""Twenty good calls a second while strangers and an allowed peer do what they can: none fails, memory stays, strangers hear nothing."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.edge.exchange import trunk
from tests.edge.process import REPO, until
from tests.sip.lab import HOST, Lab, free_ports, market, place, sipp

pytestmark = pytest.mark.alone

# `make test-sip-full` goes on for three minutes.
LONG = bool(os.environ.get("TANDEM_TEST_SIP_CALLS"))
SECONDS = 180 if LONG else 14
CONNECTIONS = 10_000 if LONG else 1000
GOOD, SELLER, ALLOWED = "127.0.0.2", "127.0.0.3", "127.0.0.4"
STRANGERS = [f"127.0.{net}.{host}" for net in range(1, 5) for host in range(1, 51)]
RATE = 20
# Of each kind, from one address: together below the rate of a source, so that all of it is read.
PEER_RATE = 600
MEMORY_MB = 150
TOOLS = ("svmap", "svwar", "svcrack")


@contextmanager
def besieged(folder: Path, allowed: tuple[str, ...] = (ALLOWED,), **sip: Any) -> Iterator[Lab]:
    """Its own trunk for the good buyer, another one, without any product, for the peer that misbehaves."""
    port = free_ports()[0]
    exchange = market(folder, acme=(port, "udp"))
    exchange.offers[0] |= {"uri_host": SELLER}
    exchange.offers[1] |= {"uri_host": SELLER}
    bad = trunk(2, source_ips=list(allowed), grants=[])
    exchange.trunks = [trunk(1, source_ips=[GOOD]), bad, trunk(3, enabled=False)]
    exchange.publish()
    lab = Lab(folder, exchange, sip=sip).start()
    try:
        with sipp(folder, "seller", "uas.xml", "-i", SELLER, port=port):
            lab.ticket()
            yield lab
    finally:
        lab.stop()


@pytest.fixture(autouse=True)
def tools_are_there() -> None:
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        pytest.skip(f"{', '.join(missing)} (package sipvicious) is not installed")


def resident_mb(lab: Lab) -> float:
    child = lab.running.child
    assert child is not None
    text = Path(f"/proc/{child.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def flood(stack: ExitStack, port: int, sources: list[str], **words: Any) -> subprocess.Popen[str]:
    text = json.dumps({"edge": port, "sources": sources, "seconds": SECONDS, "seed": 1} | words)
    command = [sys.executable, "-m", "tests.sip.flood", text]
    child = subprocess.Popen(command, cwd=REPO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    stack.callback(end, child)
    return child


def end(child: subprocess.Popen[str]) -> None:
    child.terminate()
    child.communicate(timeout=20)


def vicious(stack: ExitStack, lab: Lab, folder: Path, source: str) -> list[tuple[str, Path]]:
    """SIPVicious: what is there, which extensions, whose password. Their words go to files. Only svmap heeds the address: the
    others speak from 127.0.0.1."""
    words = {
        "svmap": [f"-p{lab.udp}", "-b", source, HOST],
        "svwar": [f"-p{lab.udp}", "-b", source, "-e100-400", "-m", "INVITE", "--force", HOST],
        "svcrack": [f"-p{lab.udp}", "-b", source, "-u100", "-r1000-1300", HOST],
    }
    out = []
    for tool, more in words.items():
        log = folder / f"{tool}-{source}.log"
        with log.open("wb") as file:
            home = {**os.environ, "HOME": str(folder)}
            child = subprocess.Popen(
                [tool, *more], stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=home, text=True
            )
        stack.callback(end, child)
        out.append((tool, log))
    return out


def keep_default_port(stack: ExitStack) -> None:
    """Answers to a peer's garbage whose Via has lost its port go to 5060, where a tool that listens on every address would
    take them for its own."""
    holder = stack.enter_context(closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
    with suppress(OSError):  # whoever has it keeps the tools away just as well
        holder.bind(("0.0.0.0", 5060))


def good(lab: Lab, folder: Path, calls: int) -> None:
    """So many a second, with audio; every one goes as the scenario says."""
    target, number = f"{HOST}:{lab.udp}", "8312442079460000"
    more = ["-i", GOOD, "-d", "500", "-l", "1000", "-timeout", str(calls // RATE + 20), "-timeout_error"]
    done = place(folder, target, "uac.xml", number, calls, *more, rate=RATE)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def books(lab: Lab, calls: int) -> None:
    assert lab.each_call_once() == calls
    assert {record["outcome"] for record in lab.records()} == {"answered"}
    lab.idle(lab.pairs)
    assert lab.running.metric("tandem_edge_sip_panics_total") == 0


@pytest.mark.timeout(300 + 2 * SECONDS)
def test_good_calls_go_through_while_everyone_else_misbehaves(tmp_path: Path, tone: Path) -> None:
    calls = RATE * (SECONDS - 2)
    with besieged(tmp_path) as lab, ExitStack() as stack:
        strangers = [
            flood(stack, lab.udp, STRANGERS, kind="garbage", rate=14_000),
            flood(stack, lab.udp, STRANGERS, kind="invites", rate=3000),
            flood(stack, lab.tcp, STRANGERS, kind="silent", count=CONNECTIONS // 2),
        ]
        peers = [
            flood(stack, lab.udp, [ALLOWED], kind="garbage", rate=3000),
            flood(stack, lab.udp, [ALLOWED], kind="invites", rate=PEER_RATE),
            flood(stack, lab.udp, [ALLOWED], kind="digests", rate=PEER_RATE // 2),
            flood(stack, lab.tcp, [ALLOWED], kind="silent", count=CONNECTIONS // 2),
            flood(stack, lab.tcp, [ALLOWED], kind="slow", count=50),
        ]
        keep_default_port(stack)
        unheard = vicious(stack, lab, tmp_path, STRANGERS[0])
        memory: list[float] = []
        Thread(target=watch, args=(lab, memory), daemon=True).start()
        good(lab, tmp_path, calls)
        from_strangers, from_peers = (
            [json.loads(child.communicate(timeout=60)[0]) for child in some] for some in (strangers, peers)
        )
        memory.append(resident_mb(lab))
        print(f"{calls} good calls; MB {[round(mb) for mb in memory[::10]]}; {from_strangers} {from_peers}")
        sent = sum(one.get("sent", 0) for one in from_strangers + from_peers)
        assert sent > 20_000 * SECONDS, "the flood was as heavy as it should be"
        assert [one["answers"] for one in from_strangers] == [0, 0, 0], "strangers hear nothing"
        for tool, log in unheard:
            assert "found nothing" in log.read_text(), tool
        held = next(one for one in from_strangers if one["kind"] == "silent")
        assert held["closed"] > CONNECTIONS // 2, "strangers' connections are closed at once"
        slow = next(one for one in from_peers if one["kind"] == "slow")
        assert slow["closed"] >= 50, "a message that takes more than ten seconds ends its connection"
        assert lab.running.metric("tandem_edge_sip_dropped_strangers_total") > 16_000 * SECONDS * 0.9
        # What transactions of 32 s hold is bounded; after that nothing may grow.
        assert max(memory) < memory[0] + MEMORY_MB
        if LONG:
            half = len(memory) // 2
            assert max(memory[half:]) < max(memory[:half]) * 1.1
        books(lab, calls)


def watch(lab: Lab, memory: list[float]) -> None:
    """The edge's memory each second, until it ends."""
    child = lab.running.child
    while child is not None and child.poll() is None:
        memory.append(resident_mb(lab))
        time.sleep(1)


def test_a_peer_that_fills_every_table_takes_no_calls_of_others(tmp_path: Path, tone: Path) -> None:
    """Small tables, so that they are full within two seconds."""
    with besieged(tmp_path, (ALLOWED, HOST), max_calls=200) as lab, ExitStack() as stack:
        vicious(stack, lab, tmp_path, ALLOWED)
        flood(stack, lab.udp, [ALLOWED], kind="invites", rate=2000, seconds=12)
        until(lambda: lab.running.metric("tandem_edge_sip_messages_received_total") > 8000, "tables are full")
        good(lab, tmp_path, 100)
        books(lab, 100)
