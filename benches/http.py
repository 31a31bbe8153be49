"""Requests a second of the edge with real decisions, beside gunicorn + Flask that only returns the same body.

`wrk` (a Debian package) asks both in one run: 64 keep-alive connections, 10,000 different numbers, a key.
The load generator shares the cores with the server, so the figures are what one machine gives in all.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lcr_core
from benches import Row
from benches.lookup import NOW_US, codes_universe, timeline

TITLE = "GET /v1/lcr over HTTP: 20 offers x 50,000 codes, top 5, 64 connections"
OFFERS, NUMBERS, CONNECTIONS, SECONDS = 20, 10_000, 64, 10
KEY = "tk_bench"
REPO = Path(__file__).resolve().parents[1]
EDGE = "import sys, lcr_core; sys.exit(lcr_core.run_edge(sys.argv[1]))"
PEER = """
import os
from flask import Flask, Response
app = Flask(__name__)
body = open(os.environ["BENCH_BODY"], "rb").read()
@app.get("/v1/lcr")
def lcr():
    return Response(body, content_type="application/json", headers={"Cache-Control": "no-store"})
"""
ASK = """
local numbers = {}
for line in io.lines("%s") do numbers[#numbers + 1] = line end
local at = 0
wrk.headers["Authorization"] = "Bearer %s"
function init(args)
  math.randomseed(os.time())
  at = math.random(#numbers)
  for i, number in ipairs(numbers) do numbers[i] = wrk.format("GET", "/v1/lcr?max=5&dnis=" .. number) end
end
function request()
  at = at %% #numbers + 1
  return numbers[at]
end
"""


def publish(root: Path) -> list[str]:
    """An exchange of 1 M rates with one buyer; returns numbers to ask."""
    universe = codes_universe()
    ids = range(1, OFFERS + 1)
    offers = [{"offer_id": i, "carrier_id": i} for i in ids]
    base = {"base_currency": "USD", "fx": {}, "reference_seconds": 180}
    tables = [(i, timeline(i, universe)) for i in ids]
    index = json.loads(
        lcr_core.build_index(str(root), json.dumps({**base, "offers": offers}), tables, NOW_US)
    )["index"]
    access = {
        **base,
        "offers": [
            {**o, "vendor": f"v{o['offer_id']}", "product": "Premium CLI", "uri_host": "192.0.2.10"}
            for o in offers
        ],
        "trunks": [
            {
                "trunk_id": 1,
                "company_id": 1000,
                "name": "bench",
                "grants": [{"offer_id": i, "from_us": None, "until_us": None} for i in ids],
            }
        ],
        "keys": [
            {
                "key_id": 1,
                "sha256": hashlib.sha256(KEY.encode()).hexdigest(),
                "trunk_id": 1,
                "company_id": 1000,
                "scopes": ["lcr:query"],
            }
        ],
    }
    lcr_core.publish(str(root), index, json.dumps(access), NOW_US)
    draw = random.Random(3)
    return [draw.choice(universe)[:9] + "".join(draw.choices("0123456789", k=6)) for _ in range(NUMBERS)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(command: list[str], port: int, environment: dict[str, str]) -> Iterator[str]:
    """Start a server, wait until its port takes connections, end it by SIGTERM."""
    child = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(REPO), **environment}, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} does not listen on {port}") from None
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=30)


def body_of(url: str, number: str) -> bytes:
    asked = urllib.request.Request(
        f"{url}/v1/lcr?max=5&dnis={number}", headers={"Authorization": f"Bearer {KEY}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as reply:
        body: bytes = reply.read()
        return body


def wrk(url: str, script: Path) -> dict[str, str]:
    """Requests a second, p50 and p99 and time-outs as wrk prints them; an answer that is not 2xx ends the bench."""
    command = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", str(script), url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise RuntimeError(text)
    late = re.search(r"timeout (\d+)", text)

    def found(pattern: str) -> str:
        match = re.search(pattern, text)
        if match is None:
            raise RuntimeError(f"wrk printed no {pattern}: {text}")
        return match.group(1)

    return {
        "rate": found(r"Requests/sec:\s+([\d.]+)"),
        "p50": found(r"50%\s+(\S+)"),
        "p99": found(r"99%\s+(\S+)"),
        "late": late.group(1) if late else "0",
    }


def run() -> list[Row]:
    if shutil.which("wrk") is None:
        raise SystemExit("benches http: wrk is missing (apt-get install wrk)")
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        root, script = Path(folder), Path(folder) / "ask.lua"
        numbers = publish(root)
        (root / "numbers").write_text("\n".join(numbers) + "\n")
        script.write_text(ASK % (root / "numbers", KEY))
        body_file = root / "body.json"
        port = free_port()
        config = json.dumps({"snapshot_root": str(root), "port": port, "threads": 2})
        with serving([sys.executable, "-c", EDGE, config], port, {}) as url:
            body_file.write_bytes(body_of(url, numbers[0]))
            ours = wrk(url, script)
        (root / "peer.py").write_text(PEER)
        port = free_port()
        gunicorn = [sys.executable, "-m", "gunicorn", "--chdir", str(root), "-b", f"127.0.0.1:{port}"]
        gunicorn += [
            "-w",
            "2",
            "-k",
            "gthread",
            "--threads",
            str(CONNECTIONS // 2),
            "--log-level",
            "error",
            "peer:app",
        ]
        with serving(gunicorn, port, {"BENCH_BODY": str(body_file)}) as url:
            peer = wrk(url, script)
        size = body_file.stat().st_size
    ratio = float(ours["rate"]) / float(peer["rate"])
    return [
        row(f"edge, 2 threads, a decision each ({size} byte body)", ours, f"{ratio:.0f}x"),
        row("gunicorn + Flask, 2 workers, fixed body", peer, "1"),
    ]


def row(what: str, figures: dict[str, str], ratio: str) -> Row:
    return {
        "what": what,
        "requests/s": f"{float(figures['rate']):,.0f}",
        "p50": figures["p50"],
        "p99": figures["p99"],
        "over 2 s": figures["late"],
        "ratio": ratio,
    }
