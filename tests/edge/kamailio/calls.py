"""A real Kamailio with the configuration of docs/switches/kamailio, and SIPp as caller and as vendors."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.edge.process import REPO, until

HERE = Path(__file__).parent
CONFIGS = REPO / "docs" / "switches" / "kamailio"


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers_options(port: int) -> bool:
    """Does something at this port answer SIP OPTIONS?"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.2)
        own = sock.getsockname()[1]
        ask = (
            f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKprobe\r\n"
            f"From: <sip:probe@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1:{port}>\r\nCall-ID: probe-{own}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        sock.sendto(ask.encode(), ("127.0.0.1", port))
        try:
            return sock.recv(4096).startswith(b"SIP/2.0 200")
        except OSError:
            return False


@dataclass
class Kamailio:
    port: int
    log: Path


@contextmanager
def kamailio(folder: Path, config: str, tandem: str, static: str) -> Iterator[Kamailio]:
    """Run one of the documented configurations; only its three settings are replaced."""
    port = free_udp_port()
    text = (CONFIGS / f"{config}.cfg").read_text()
    for line, value in (
        ('#!substdef "!LISTEN!udp:127.0.0.1:5060!g"', f'#!substdef "!LISTEN!udp:127.0.0.1:{port}!g"'),
        (
            '#!substdef "!TANDEM!http://kamailio:tk_your_key@127.0.0.1:8090!g"',
            f'#!substdef "!TANDEM!{tandem}!g"',
        ),
        ('#!substdef "!STATIC_ROUTE!sip:192.0.2.99:5060!g"', f'#!substdef "!STATIC_ROUTE!{static}!g"'),
    ):
        assert text.count(line) == 1, line
        text = text.replace(line, value)
    path = folder / f"{config}.cfg"
    path.write_text(text)
    log = folder / f"{config}.log"
    command = [
        "kamailio",
        "-DD",
        "-E",
        "-m",
        "32",
        "-M",
        "4",
        "-f",
        str(path),
        "-w",
        str(folder),
        "-Y",
        str(folder),
    ]
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        until(lambda: answers_options(port) or child.poll() is not None, f"Kamailio answers; log {log}")
        assert child.poll() is None, log.read_text()
        yield Kamailio(port, log)
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@dataclass
class Vendor:
    """A SIPp that plays a vendor; counts the calls it saw from its statistics file."""

    port: int
    stats: Path

    def calls(self) -> int:
        lines = self.stats.read_text().splitlines() if self.stats.exists() else []
        if len(lines) < 2:
            return 0
        names = lines[0].split(";")
        return int(lines[-1].split(";")[names.index("TotalCallCreated")])


@contextmanager
def vendor(folder: Path, name: str, scenario: str) -> Iterator[Vendor]:
    """`scenario` is a file beside this one."""
    port = free_udp_port()
    stats = folder / f"{name}.csv"
    what = ["-sn", "uas"] if scenario is None else ["-sf", str(HERE / scenario)]
    command = [
        "sipp",
        *what,
        "-i",
        "127.0.0.1",
        "-p",
        str(port),
        "-trace_stat",
        "-stf",
        str(stats),
        "-fd",
        "1",
    ]
    command += ["-nostdin"]
    child = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield Vendor(port, stats)
    finally:
        child.terminate()
        child.wait(20)


@contextmanager
def vendors(folder: Path, **scenarios: str) -> Iterator[dict[str, Vendor]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(vendor(folder, name, file)) for name, file in scenarios.items()}


def call(
    folder: Path, port: int, number: str, calls: int, status: int = 200
) -> subprocess.CompletedProcess[str]:
    """Place calls through the proxy at `port`; each must be answered, or be refused with `status`."""
    scenario = HERE / "uac.xml"
    if status != 200:
        scenario = folder / f"uac_{status}.xml"
        scenario.write_text((HERE / "uac_refused.xml").read_text().replace("STATUS", str(status)))
    command = [
        "sipp",
        f"127.0.0.1:{port}",
        "-sf",
        str(scenario),
        "-s",
        number,
        "-i",
        "127.0.0.1",
        "-m",
        str(calls),
    ]
    command += ["-r", "10", "-p", str(free_udp_port()), "-recv_timeout", "8000", "-timeout", "40", "-nostdin"]
    command += ["-trace_err", "-error_file", str(folder / "uac.err")]
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90
    )
