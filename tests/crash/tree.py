"""`tandem serve` as people run it: a real process tree over a folder of its own, on ports of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.swap.edge_process import free_port

ROOT = Path(__file__).parents[2]
# A longer patience for machines that are busy with other things.
DEADLINE_S = float(os.environ.get("TANDEM_TEST_DEADLINE", "60"))


def wait(until: Callable[[], bool], what: str, seconds: float = DEADLINE_S) -> float:
    """Poll until true; returns the seconds it took."""
    began = time.monotonic()
    while not until():
        assert time.monotonic() - began < seconds, f"waited {seconds} s for {what}"
        time.sleep(0.02)
    return time.monotonic() - began


@dataclass
class Tree:
    folder: Path
    web_port: int
    edge_port: int
    process: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str) -> list[str]:
        pairs = (f"web.port={self.web_port}", f"edge.port={self.edge_port}", "web.workers=1")
        settings = [part for pair in pairs for part in ("--set", pair)]
        return [sys.executable, "-m", "app.cli", "--data-dir", str(self.folder), *settings, *arguments]

    def run(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """One `tandem` command to its end."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
        )
        if expect is not None:
            assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def get(self, port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """(status, body); 0 when nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def children(self, word: str) -> list[int]:
        """Pids of the tree's direct children whose command line has this word as an argument."""
        assert self.process is not None
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
                arguments = (stat.parent / "cmdline").read_bytes().split(b"\0")
            except (OSError, ValueError):
                continue
            is_web = word == "web" and any(b"gunicorn" in a for a in arguments)
            if parent == self.process.pid and (word.encode() in arguments or is_web):
                found.append(int(stat.parent.name))
        return found

    def kill(self, word: str) -> int:
        """kill -9 the child; returns its pid."""
        wait(lambda: len(self.children(word)) == 1, f"one {word}")
        (pid,) = self.children(word)
        os.kill(pid, signal.SIGKILL)
        return pid


@contextmanager
def serving(folder: Path, *, migrate: bool = True) -> Iterator[Tree]:
    """Migrate, start everything over `folder`/var, wait until web and edge answer; SIGTERM at the end."""
    tree = Tree(folder / "var", free_port(), free_port())
    if migrate:
        tree.run("db", "upgrade")
    log = folder / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            tree.command("serve"), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    tree.process = process
    try:
        wait(lambda: tree.get(tree.web_port, "/readyz")[0] == 200 or process.poll() is not None, "the web")
        wait(lambda: tree.get(tree.edge_port, "/healthz")[0] == 200 or process.poll() is not None, "the edge")
        assert process.poll() is None, log.read_text()
        yield tree
    except AssertionError as error:
        error.add_note(log.read_text()[-4000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
