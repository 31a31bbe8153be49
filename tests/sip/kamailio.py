"""Kamailio with a configuration of this folder."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.edge.kamailio.calls import answers_options
from tests.edge.process import until
from tests.sip.lab import HERE, free_ports


@contextmanager
def kamailio(folder: Path, config: str, target: int, port: int = 0, **words: object) -> Iterator[int]:
    """Its port, once it answers. PORT, TARGET and further words are put into the configuration."""
    port = port or free_ports()[0]
    text = (HERE / config).read_text()
    for word, value in {"PORT": port, "TARGET": target, **words}.items():
        text = text.replace(word, str(value))
    path = folder / f"{port}-{config}"
    path.write_text(text)
    log = path.with_suffix(".log")
    command = ["kamailio", "-DD", "-E", "-m", "64", "-M", "4", "-f", str(path)]
    command += ["-w", str(folder), "-Y", str(folder)]
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        until(lambda: answers_options(port) or child.poll() is not None, f"Kamailio answers; log {log}")
        assert child.poll() is None, log.read_text()
        yield port
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
