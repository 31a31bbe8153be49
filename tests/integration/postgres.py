"""A throw-away PostgreSQL server for the tests: own folder, own port, an unprivileged user when run by root.

`python -m tests.integration.postgres start` prints its folder and its URL; `… stop FOLDER` ends it and removes
the folder. Tests use the fixture `postgres_server` of tests/conftest.py.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

WAIT_SECONDS = "60"


def programs() -> Path | None:
    """Folder of the newest initdb and pg_ctl on this machine."""
    places = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4].split(".")[0])
    )
    on_path = shutil.which("initdb")
    found = [*places, *([Path(on_path)] if on_path else [])]
    return found[-1].parent if found else None


def as_server_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root: become `postgres` or `nobody` then."""
    return ["runuser", "-u", server_user(), "--", *command] if os.geteuid() == 0 else command


def server_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def start() -> tuple[Path, str]:
    """Make a cluster and start it; returns (its folder, SQLAlchemy URL of its maintenance database)."""
    binaries = programs()
    if binaries is None:
        raise RuntimeError("no PostgreSQL on this machine: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="tandem-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, server_user())
    data = str(folder / "data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    make = [
        str(binaries / "initdb"),
        "-D",
        data,
        "-U",
        "tandem",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200 -c shared_buffers=64MB"
    control = [str(binaries / "pg_ctl"), "-D", data, "-l", str(folder / "log"), "-o", options]
    run = [*control, "-w", "-t", WAIT_SECONDS, "start"]
    try:
        for command in (make, run):
            # The server keeps what it inherits: files, not pipes, or the caller would wait for it for ever.
            with (folder / "start.log").open("ab") as out:
                done = subprocess.run(
                    as_server_user(command), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder
                )
            if done.returncode != 0:
                raise RuntimeError(f"{command[0]} failed: {(folder / 'start.log').read_text()[-2000:]}")
    except RuntimeError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder, f"postgresql+psycopg://tandem@127.0.0.1:{port}/postgres"


def stop(folder: Path) -> None:
    """End the server of `folder` at once and remove everything it wrote."""
    binaries = programs()
    if binaries is not None:
        command = [str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "-w", "stop"]
        subprocess.run(as_server_user(command), stdin=subprocess.DEVNULL, capture_output=True, cwd=folder)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["start"]:
            print(*start())
        case ["stop", place]:
            stop(Path(place))
        case _:
            sys.exit("usage: python -m tests.integration.postgres start | stop FOLDER")
