"""One SIPp for one call, from a list of steps."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.edge.process import until
from tests.sip.lab import HOST, free_ports
from tests.sip.steps import scenario

PATIENCE_S = 120 if os.environ.get("TANDEM_TEST_SIP_FULL") else 30


_players = count()


@dataclass
class Player:
    child: subprocess.Popen[bytes]
    log: Path

    def wait(self) -> None:
        """Until its call has ended, or its patience."""
        try:
            self.child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.stop()

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    def fault(self) -> str:
        """Nothing when the call went as its steps say."""
        if self.child.returncode == 0:
            return ""
        words = self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""
        return f"SIPp ended with {self.child.returncode}: {words}"


def media_port() -> int:
    """Eight ports for one SIPp's audio and video, below the ephemeral ones and above those of the edges under test."""
    return 30_000 + (os.getpid() * 100 + next(_players)) % 340 * 8


def listens(port: int, transport: str) -> bool:
    """Somebody has bound this port of 127.0.0.1, by the kernel's own table."""
    rows = [row.split() for row in Path(f"/proc/net/{transport}").read_text().splitlines()[1:]]
    return any(row[1] == f"0100007F:{port:04X}" and row[3] in ("07", "0A") for row in rows)


def play(
    path: Path, steps: list[str], port: int = 0, target: str = "", number: str = "", transport: str = "udp"
) -> Player:
    """Starts it: a caller where there is a target, else a seller that waits for its call."""
    log = path.with_suffix(".err")
    file = scenario(path.with_suffix(".xml"), steps)
    command = ["sipp", *([target, "-s", number] if target else []), "-sf", str(file), "-i", HOST]
    command += [
        "-p",
        str(port or free_ports()[0]),
        "-mp",
        str(media_port()),
        "-m",
        "1",
        "-nostdin",
        "-timeout",
        str(PATIENCE_S),
    ]
    command += [
        "-t",
        f"{transport[0]}1",
        "-timeout_error",
        "-deadcall_wait",
        "0",
        "-trace_err",
        "-error_file",
        str(log),
    ]
    quiet = subprocess.DEVNULL
    child = subprocess.Popen(command, cwd=path.parent, stdin=quiet, stdout=quiet, stderr=quiet)
    if not target:
        until(lambda: listens(port, transport) or child.poll() is not None, "SIPp listens")
    return Player(child, log)


def went_well(*players: Player) -> None:
    """All have ended, each as its steps say."""
    for player in players:
        player.wait()
    assert [player.fault() for player in players] == [""] * len(players)
