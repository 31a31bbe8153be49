"""sippy's B2BUA (Python), in a throwaway environment of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sip.lab import HOST, free_ports

PINNED = "sippy==2.5.0"


def installed(folder: Path) -> Path | None:
    """Its `b2bua_simple`; None where it cannot be had."""
    home = folder / "sippy"
    uv = str(Path(sys.executable).with_name("uv"))
    steps = [
        [uv, "venv", "-q", "--python", sys.executable, str(home)],
        [uv, "pip", "install", "-q", "--python", str(home / "bin" / "python"), PINNED],
    ]
    try:
        for step in steps:
            subprocess.run(step, check=True, capture_output=True, timeout=180)
    except (OSError, subprocess.SubprocessError):
        return None
    return home / "bin" / "b2bua_simple"


@contextmanager
def sippy(folder: Path, program: Path, target: int) -> Iterator[tuple[int, int]]:
    """Its port and process; every call goes on to `target`."""
    port = free_ports()[0]
    command = [str(program.parent / "python"), str(program), "-f", "-l", HOST, "-p", str(port)]
    command += ["-n", f"{HOST}:{target}", "-L", str(folder / "sippy.log")]
    child = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        # It answers no OPTIONS; a bound port is all that shows.
        deadline = time.monotonic() + 20
        while f":{port:04X} " not in Path("/proc/net/udp").read_text():
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("sippy does not listen")
            time.sleep(0.05)
        yield port, child.pid
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
