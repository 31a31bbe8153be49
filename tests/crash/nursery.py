"""Ready workers by fork: Python and its packages are loaded once, then each order makes a process that is a worker like any other.

`python -m tests.crash.nursery`: one JSON object a line on stdin, {"root": data directory, "url": database, "watch": folder}; the
worker's process id comes back as a line on stdout. The code the worker runs is `app.jobs.worker.run_worker`, as `tandem worker` does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from app import create_app
from app.config import Database, Settings, Watch, Web
from app.jobs.worker import run_worker
from tests.crash.tree import ROOT


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed are not waited for
    for order in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.exit(work(**json.loads(order)))
        print(child, flush=True)


def work(root: str, url: str | None, watch: str | None) -> int:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    log = os.open(f"{root}/worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    settings = Settings(
        data_dir=root, database=Database(url=url or ""), web=Web(secret_key="k" * 40, password_salt="s" * 40),
        watch=Watch(folder=watch or "", stable_seconds=0, poll_seconds=0),
    )  # fmt: skip
    return run_worker(create_app(settings), settings.jobs_url)


@dataclass
class Nursery:
    """The mother process, from the test's side. Every worker it made is dead when the block ends."""

    process: subprocess.Popen[str]
    born: list[int]
    lock: threading.Lock

    @classmethod
    def open(cls) -> Nursery:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return cls(process, [], threading.Lock())

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in list(self.born):
            self.kill(pid)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def worker(self, root: Path, url: str | None, watch: Path | None = None) -> int:
        """A new worker's process id."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.lock:
            print(
                json.dumps({"root": str(root), "url": url, "watch": str(watch) if watch else None}),
                file=self.process.stdin,
                flush=True,
            )
            pid = int(self.process.stdout.readline())
            self.born.append(pid)
        return pid

    def kill(self, pid: int) -> None:
        """kill -9, once."""
        if pid in self.born:
            self.born.remove(pid)
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
