"""The edge over HTTP with 20 M rates loaded, beside nginx that returns a fixed body of the same size, and gunicorn + Flask
that return the same body, and that answer the same questions by the same core.

One run. Every server has the first processor to itself with one worker, every load generator the others: a generator beside its
server takes the more of the processor the faster the server is, which makes ratios smaller than they are. Throughput by wrk (64
keep-alive connections), with what each server computes a request; then latency under half of what the edge can do on that
processor and overload at ten times that (open loop, every latency from the planned instant). The edge runs as `tandem edge` runs
it. `TANDEM_BENCH_RATES` changes the size. Needs `wrk`, `nginx` (Debian) and two processors.

nginx serves its body out of a file, as Debian sets it up (sendfile). Out of its configuration (`return`) it serves the same body
a third faster: that is printed beside, as the least that a server can do.

While servers are compared the kernel's lists of free pages are kept short, where that is allowed, and put back afterwards. Over
loopback the pages of an answer are freed on the generator's processor; since Linux 6.7 these lists grow to hundreds of MB, and
each answer is then copied into pages that no cache holds, or that the host took back: 1.4 us an answer of 3 KB, which a server
that copies pays and one that sends a file does not. Over a network the pages are freed where they were taken.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from benches import Row

TITLE = "GET /v1/lcr over HTTP: 200 vendors, a trunk that may use 70 % of them, top 5"
RATES = int(os.environ.get("TANDEM_BENCH_RATES", "20000000"))
CONNECTIONS, SECONDS, RUNS = 64, 2, 9
"""Many short runs in turn: the speed of a shared host changes from one minute to the next."""
OVER_SECONDS, OVER_RUNS = 5, 5
"""An overload lasts: the instants until it is noticed are in each run, but are not most of its slowest hundredth."""
KEY = "tk_bench"
PAGE_LISTS = "2000"
"""A part of memory, as the kernel wants it said."""
REPO = Path(__file__).resolve().parents[1]
SERVER = "0"
"""The processor of every server; generators have the others."""
FORMS = {"native": "/v1/lcr", "compact": "/v1/lcr/compact"}
EDGE = "import sys, lcr_core; from app.priority import govern_edge; govern_edge(); sys.exit(lcr_core.run_edge(sys.argv[1]))"
FIXED = """
import os
from flask import Flask, Response
app = Flask(__name__)
body = open(os.environ["BENCH_BODY"], "rb").read()
@app.get("/v1/lcr")
def lcr():
    return Response(body, content_type="application/json", headers={"Cache-Control": "no-store"})
"""
DECIDES = """
import hashlib, json, os
import lcr_core
from flask import Flask, Response, request
app = Flask(__name__)
snapshot = lcr_core.Snapshot.open(os.environ["BENCH_ROOT"])
trunks = {hashlib.sha256(os.environ["BENCH_KEY"].encode()).hexdigest(): 1}
@app.get("/v1/lcr")
def lcr():
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    trunk = trunks.get(hashlib.sha256(key.encode()).hexdigest())
    if trunk is None:
        return Response(status=401)
    said = request.args
    query = {"trunk": trunk, "dnis": said["dnis"], "at_us": int(said["at"]), "max": int(said["max"])}
    return Response(snapshot.decide(json.dumps(query)), content_type="application/json", headers={"Cache-Control": "no-store"})
"""
NGINX = """
worker_processes 1; pid %(root)s/nginx.pid; error_log %(root)s/nginx.log; daemon off;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=10;
  default_type application/json; client_body_temp_path %(root)s/t1; proxy_temp_path %(root)s/t2;
  fastcgi_temp_path %(root)s/t3; uwsgi_temp_path %(root)s/t4; scgi_temp_path %(root)s/t5;
  server { listen 127.0.0.1:%(port)s; location = /v1/lcr { alias %(root)s/native.json; }
    location = /v1/lcr/compact { alias %(root)s/compact.json; } } }
"""
NGINX_RETURN = """
worker_processes 1; pid %(root)s/return.pid; error_log %(root)s/return.log; daemon off;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 100000000; default_type application/json;
  client_body_temp_path %(root)s/t1; proxy_temp_path %(root)s/t2;
  fastcgi_temp_path %(root)s/t3; uwsgi_temp_path %(root)s/t4; scgi_temp_path %(root)s/t5;
  server { listen 127.0.0.1:%(port)s; location = /v1/lcr { return 200 '%(native)s'; }
    location = /v1/lcr/compact { return 200 '%(compact)s'; } } }
"""
ASK = """
local numbers = {}
for line in io.lines("%(numbers)s") do numbers[#numbers + 1] = line end
local at = 0
wrk.headers["Authorization"] = "Bearer %(key)s"
function init(args)
  math.randomseed(os.time())
  at = math.random(10000)
  for i = 1, 10000 do numbers[i] = wrk.format("GET", "%(path)s" .. numbers[i]) end
end
function request()
  at = at %% 10000 + 1
  return numbers[at]
end
"""


def cargo(*examples: tuple[str, str]) -> dict[str, Path]:
    """Build examples of a package in release; their paths."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target")) / "release" / "examples"
    for package, example in examples:
        subprocess.run(
            ["cargo", "build", "-q", "--release", "-p", package, "--example", example], cwd=REPO, check=True
        )
    return {example: target / example for _, example in examples}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(
    command: list[str], port: int, environment: dict[str, str] | None = None
) -> Iterator[tuple[str, int]]:
    """Start a server, wait until its port takes connections, give its address and process, end it by SIGTERM."""
    child = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(REPO), **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} does not listen on {port}") from None
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=30)


def others() -> tuple[str, int]:
    """The processors of generators, and how many threads wrk gets there."""
    count = (os.cpu_count() or 2) - 1
    return f"1-{count}", min(count, 4)


def edge(root: Path) -> tuple[list[str], int, dict[str, str]]:
    port = free_port()
    config = json.dumps({"snapshot_root": str(root), "port": port, "threads": 1})
    return ["taskset", "-c", SERVER, sys.executable, "-c", EDGE, config], port, {}


def body_of(url: str) -> bytes:
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(asked, timeout=30) as reply:
        body: bytes = reply.read()
        return body


def wrk(url: str, script: Path) -> dict[str, float]:
    """Requests a second, p99 in ms, requests; an answer that is not 2xx ends the bench."""
    cores, threads = others()
    command = ["taskset", "-c", cores, "wrk", f"-t{threads}", f"-c{CONNECTIONS}", f"-d{SECONDS}s"]
    command += ["--latency", "-s", str(script), url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text:
        raise RuntimeError(text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    count = re.search(r"(\d+) requests in", text)
    if rate is None or late is None or count is None:
        raise RuntimeError(text)
    return {
        "rate": float(rate[1]),
        "requests": float(count[1]),
        "p99": float(late[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[late[2]],
    }


def first_of_all() -> None:
    """Before all other programs, where that is allowed; the generator leaves them some time by itself."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def open_loop(
    program: Path, url: str, root: Path, path: str, rate: float, seconds: int = SECONDS
) -> dict[str, Any]:
    address = url.removeprefix("http://")
    command = ["taskset", "-c", others()[0], str(program), address, KEY, str(root / "numbers"), f"{rate:.0f}"]
    command += [str(seconds), str(CONNECTIONS), path]
    # Waits of the generator for its processor are no waits of the edge.
    out = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=first_of_all)
    figures: dict[str, Any] = json.loads(out.stdout)
    return figures


def row(what: str, figure: str, bar: str = "", ok: bool | None = None) -> Row:
    verdict = "" if ok is None else ("met" if ok else "MISSED")
    return {"what": what, "figure": figure, "bar": bar, "verdict": verdict}


def cpu_seconds(pid: int) -> float:
    """What a server and its workers have computed so far."""
    ticks = 0
    tree = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    for process in (str(pid), *tree):
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def short_page_lists() -> Iterator[bool]:
    """Keeps the kernel's lists of free pages of each processor to a thousand; False where that is not allowed."""
    setting = Path("/proc/sys/vm/percpu_pagelist_high_fraction")
    try:
        before = setting.read_text()
        setting.write_text(PAGE_LISTS)
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        setting.write_text(before)


def flask(root: Path, name: str, source: str) -> tuple[list[str], int, dict[str, str]]:
    """gunicorn as `tandem web` runs it, one worker for its one processor: threads, kept connections."""
    (root / f"{name}.py").write_text(source)
    port = free_port()
    command = ["taskset", "-c", SERVER, sys.executable, "-m", "gunicorn", "--chdir", str(root)]
    command += ["-b", f"127.0.0.1:{port}", "-w", "1", "-k", "gthread", "--threads", str(CONNECTIONS)]
    command += ["--keep-alive", "30", "--log-level", "error", f"{name}:app"]
    return command, port, {"BENCH_BODY": str(root / "native.json"), "BENCH_ROOT": str(root), "BENCH_KEY": KEY}


def throughput(root: Path, at: int, scripts: dict[str, Path]) -> list[Row]:
    """All servers up, asked one after the other in short rounds: medians of rates, and of the ratios within a round."""
    command, port, environment = edge(root)
    sizes: dict[str, int] = {}
    with serving(command, port, environment) as (url, _):
        number = (root / "numbers").read_text().split("\n", 1)[0]
        for form, path in FORMS.items():
            body = body_of(f"{url}{path}?max=5&at={at}&dnis={number}")
            (root / f"{form}.json").write_bytes(body)
            sizes[form] = len(body)
    port = free_port()
    nginx = ["taskset", "-c", SERVER, "nginx", "-c", str(root / "nginx.conf"), "-g", "user root;"]
    (root / "nginx.conf").write_text(NGINX % {"root": root, "port": port})
    port_of_return = free_port()
    bodies = {form: (root / f"{form}.json").read_text() for form in FORMS}
    (root / "return.conf").write_text(NGINX_RETURN % {"root": root, "port": port_of_return, **bodies})
    returns = ["taskset", "-c", SERVER, "nginx", "-c", str(root / "return.conf"), "-g", "user root;"]
    os.chmod(root, 0o755)
    servers: dict[str, tuple[list[str], int, dict[str, str]]] = {
        "edge": edge(root),
        "nginx": (nginx, port, {}),
        "return": (returns, port_of_return, {}),
        "fixed": flask(root, "fixed", FIXED),
        "decides": flask(root, "decides", DECIDES),
    }
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    with ExitStack() as stack:
        running = {name: stack.enter_context(serving(*server)) for name, server in servers.items()}
        for _ in range(RUNS):
            for form, script in scripts.items():
                for name, (url, pid) in running.items():
                    if name in ("fixed", "decides") and form != "native":
                        continue
                    before = cpu_seconds(pid)
                    seen = wrk(url, script)
                    rates.setdefault(f"{name} {form}", []).append(seen["rate"])
                    computed = (cpu_seconds(pid) - before) * 1e6 / seen["requests"]
                    costs.setdefault(f"{name} {form}", []).append(computed)
    rate = {name: statistics.median(seen) for name, seen in rates.items()}
    cost = {name: statistics.median(seen) for name, seen in costs.items()}

    def times(one: str, other: str) -> float:
        return statistics.median(a / b for a, b in zip(rates[one], rates[other], strict=True))

    def figure(name: str) -> str:
        return f"{rate[name]:,.0f}, {cost[name]:,.1f} us of processor each"

    rows = []
    for form in FORMS:
        ratio = times(f"edge {form}", f"nginx {form}")
        rows.append(row(f"edge, {form}, {sizes[form]} bytes, requests/s", figure(f"edge {form}")))
        rows.append(row(f"nginx, fixed body of {sizes[form]} bytes", figure(f"nginx {form}")))
        rows.append(row(f"edge / nginx, {form}", f"{ratio:.2f}", ">= 0.9", ratio >= 0.9))
        rows.append(row("nginx, that body out of its configuration", figure(f"return {form}")))
        rows.append(row("edge / that", f"{times(f'edge {form}', f'return {form}'):.2f}"))
    for name, what in (("decides", "the same questions by the same core"), ("fixed", "a fixed body")):
        ratio = times("edge native", f"{name} native")
        spared = cost[f"{name} native"] / cost["edge native"]
        rows.append(row(f"gunicorn + Flask, {what}", figure(f"{name} native")))
        rows.append(row("edge / that", f"{ratio:.1f} ({spared:.1f} by processor time)", ">= 20", ratio >= 20))
    return rows


def under_load(root: Path, program: Path, path: str, script: Path) -> list[Row]:
    """Capacity by wrk, half of it and ten times it in an open loop."""
    command, port, environment = edge(root)
    with serving(command, port, environment) as (url, _):
        capacity = statistics.median(wrk(url, script)["rate"] for _ in range(RUNS))
        half = [open_loop(program, url, root, path, capacity / 2) for _ in range(RUNS)]
        over = [open_loop(program, url, root, path, capacity * 10, OVER_SECONDS) for _ in range(OVER_RUNS)]
    p99 = statistics.median(s["good_p99_ms"] for s in half)
    unanswered = sum(s["bad"] + s["refused"] + s["unanswered"] for s in half)
    goodput = statistics.median(s["goodput"] for s in over) / capacity
    refused = statistics.median(s["refused_p99_ms"] for s in over)
    good = statistics.median(s["good_p99_ms"] for s in over)
    late = statistics.median(s["late_p99_ms"] for s in over)
    late_half = statistics.median(s["late_p99_ms"] for s in half)
    lost = sum(s["bad"] + s["unanswered"] + s["without_retry_after"] for s in over)
    return [
        row("capacity of one core, requests/s (wrk)", f"{capacity:,.0f}"),
        row(f"p99 at half load ({capacity / 2:,.0f}/s, open loop), ms", f"{p99:.2f}", "<= 1", p99 <= 1),
        row("the generator's own delay at half load, p99, ms", f"{late_half:.2f}"),
        row("not answered with routes at half load", str(unanswered), "0", unanswered == 0),
        row("goodput at 10x, of capacity", f"{goodput:.0%}", ">= 90 %", goodput >= 0.9),
        row("refusals at 10x, p99 from the planned instant, ms", f"{refused:.2f}", "<= 10", refused <= 10),
        row("answers at 10x, p99, ms", f"{good:.2f}"),
        row("the generator's own delay at 10x, p99, ms", f"{late:.2f}"),
        row("lost, or refused without Retry-After", str(lost), "0", lost == 0),
    ]


def run() -> list[Row]:
    for program, package in (("wrk", "wrk"), ("nginx", "nginx-light"), ("taskset", "util-linux")):
        if shutil.which(program) is None:
            raise SystemExit(f"benches http: {program} is missing (apt-get install {package})")
    built = cargo(("lcr-core", "bench_snapshot"), ("lcr-edge", "openloop"))
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        root = Path(folder)
        made = subprocess.run(
            [str(built["bench_snapshot"]), str(root), str(RATES)], capture_output=True, text=True, check=True
        )
        facts = json.loads(made.stdout)
        at = facts["at_us"]
        scripts = {}
        for form, path in FORMS.items():
            scripts[form] = root / f"{form}.lua"
            words = {"numbers": root / "numbers", "key": KEY, "path": f"{path}?max=5&at={at}&dnis="}
            scripts[form].write_text(ASK % words)
        with short_page_lists() as short:
            rows = throughput(root, at, scripts)
        path = f"{FORMS['compact']}?max=5&at={at}&dnis="
        rows += under_load(root, built["openloop"], path, scripts["compact"])
        rows.insert(0, row("rates loaded", f"{facts['rates']:,}"))
        rows.insert(1, row("the kernel's lists of free pages", "kept short" if short else "as they are"))
    return rows
