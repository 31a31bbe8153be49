"""CGRateS beside us: its SupplierS with `*least_cost` over the same rates, as a Go program with its module and its internal
database, in one process and without a socket (all in its favour; `cgrates_peer/main.go`).

The module is taken from the Go proxy: v0.10.0 is the newest release tag it serves whole (`@latest` and `@master` are refused
by some mirrors). Where neither Go nor the module can be had, the peer says so with the tool's own words.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from benches.lcr.peer import Peer

NAME = "CGRateS 0.10 *least_cost"
SOURCE = Path(__file__).parent / "cgrates_peer"
BUILD_SECONDS = 600


def program() -> tuple[Path | None, str]:
    """The peer's program, compiled once below `build/`; else why not."""
    go = _go()
    if go is None:
        return None, "no Go compiler (apt-get install golang-go needs root and Debian's archive)"
    built = SOURCE.parents[2] / "build" / "cgrates-peer"
    built.parent.mkdir(exist_ok=True)
    if built.exists() and built.stat().st_mtime > max(f.stat().st_mtime for f in SOURCE.iterdir()):
        return built, ""
    command = [go, "build", "-mod=readonly", "-o", str(built), "."]
    environment = os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
    try:
        done = subprocess.run(
            command, cwd=SOURCE, env=environment, text=True, capture_output=True, timeout=BUILD_SECONDS
        )
    except subprocess.TimeoutExpired:
        return None, f"its module was not compiled within {BUILD_SECONDS} s"
    if done.returncode:
        return None, f"go build: {' | '.join(done.stderr.strip().splitlines()[-2:])}"
    return built, ""


def _go() -> str | None:
    found = shutil.which("go")
    if found is None and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "-y", "-q", "golang-go"], capture_output=True, check=False)
        found = shutil.which("go")
    return found


def ask(folder: Path, questions: int) -> Peer:
    """Over the `rates.csv`, `numbers.txt`, `granted.txt`, `answers.txt` of the folder."""
    path, why = program()
    if path is None:
        return Peer(NAME, None, why=why)
    done = subprocess.run(
        ["nice", str(path), str(folder), str(questions)], text=True, capture_output=True, check=False
    )
    if done.returncode:
        return Peer(NAME, None, why=f"it ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    figures = json.loads(done.stdout.splitlines()[-1])
    note = f"loaded in {figures['load_seconds']:.0f} s"
    if figures["wrong"]:
        note += f"; first difference {figures['first']}"
    return Peer(NAME, figures["micros"], figures["rates"], figures["asked"], figures["wrong"], note=note)
