"""Runs the Rust side (`lcr_core/examples/bench_lcr`): one process builds, opens, asks, patches, and prints its figures."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


def program() -> Path:
    """Compiled for release; cargo does nothing when it is fresh."""
    command = ["cargo", "build", "--release", "-q", "-p", "lcr-core", "--example", "bench_lcr"]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", str(REPOSITORY / "target"))
    return Path(target) / "release" / "examples" / "bench_lcr"


def measure(folder: Path, rates: int, vendors: int, *, export: bool = False) -> dict[str, Any]:
    """The figures of one run; with `export`, what peers need lies in `folder` afterwards. Ends with an error when any
    answer differed from the exact way."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["nice", str(program()), str(folder), str(rates), str(vendors), *(["export"] if export else [])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
