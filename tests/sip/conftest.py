"""Labs that are stopped at the end of their test, and audio for SIPp."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sip.lab import Lab, market


@pytest.fixture(autouse=True)
def sipp_is_there() -> None:
    if shutil.which("sipp") is None:
        pytest.skip("SIPp (package sip-tester) is not installed")


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """Half a second of something loud in A-law, for SIPp's rtp_stream: no tone of call progress."""
    path = tmp_path / "tone.al"
    path.write_bytes(bytes((0x2A + 37 * n * n) % 256 for n in range(4000)))
    return path


@pytest.fixture
def lab(tmp_path: Path, tone: Path) -> Iterator[Callable[..., Lab]]:
    """Start a lab with products at these places: `lab(acme=(port, "udp"))`."""
    made: list[Lab] = []

    def start(sip: dict[str, Any] | None = None, **vendors: tuple[int, str]) -> Lab:
        one = Lab(tmp_path, market(tmp_path, **vendors), sip=sip or {}).start()
        made.append(one)
        return one

    yield start
    for one in made:
        one.stop()
