"""`tandem serve | web | worker | edge`: the three processes, and the one that keeps them alive."""

from __future__ import annotations

import json
import os
import shutil
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import msgspec

from app.config import Edge, Settings
from app.console import Run, pass_run, say
from app.errors import DomainError
from app.factory import create_app
from app.logs import configure_logs
from app.priority import govern_edge
from app.supervisor import ChildSpec, Supervisor


def child_specs(run: Run) -> list[ChildSpec]:
    """Web, worker and edge with the settings of this process."""
    environ = run.loaded.environ()
    python = [sys.executable, "-m", "app.cli"]
    root = str(Path(__file__).parent.parent)
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    drain = float(run.settings.edge.drain_seconds)
    return [
        ChildSpec("web", [*python, "web"], environ=environ),
        ChildSpec("worker", [*python, "worker"], drain_s=35.0, environ=environ),
        ChildSpec("edge", [*python, "edge"], drain_s=drain + 5, environ=environ),
    ]


def answers(url: str) -> bool:
    """True when the address answers 200 within a second."""
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def urls(settings: Settings) -> dict[str, str]:
    web, edge = settings.web, settings.edge
    return {"web": f"http://{web.host}:{web.port}", "edge": f"http://{edge.host}:{edge.port}"}


def is_ready(settings: Settings, edge_path: str = "/healthz") -> Callable[[], bool]:
    where = urls(settings)
    return lambda: answers(where["web"] + "/readyz") and answers(where["edge"] + edge_path)


def edge_config(settings: Settings) -> dict[str, object]:
    """What the edge reads (docs/lcr-http.md): the same names as the settings."""
    edge = settings.edge
    return {
        "snapshot_root": str(settings.snapshot_dir),
        "host": edge.host,
        "port": edge.port,
        "threads": edge.threads,
        "max_connections": edge.max_connections,
        "max_in_flight": edge.max_in_flight,
        "drain_seconds": edge.drain_seconds,
        "trusted_proxies": list(edge.trusted_proxies),
        "metrics_from": list(edge.metrics_from),
        "unix_socket": edge.unix_socket or None,
        "rate_limit_per_key_per_s": edge.rate_limit_per_key_per_s or None,
        "batch_max_rows": edge.batch_max_rows,
        "lrn_dip": edge_dip(edge),
        "tls": edge_tls(edge),
        "sip": edge_sip(settings),
    }


def edge_dip(edge: Edge) -> dict[str, object] | None:
    """Where the edge asks for LRNs; nowhere without an address."""
    if not edge.lrn_dip_url:
        return None
    return {
        "url": edge.lrn_dip_url,
        "deadline_ms": edge.lrn_dip_deadline_ms,
        "ttl_seconds": edge.lrn_dip_ttl_seconds,
        "negative_ttl_seconds": edge.lrn_dip_negative_ttl_seconds,
        "max_entries": edge.lrn_dip_max_entries,
        "max_concurrent": edge.lrn_dip_max_concurrent,
        "prefixes": list(edge.lrn_dip_prefixes),
        "field": edge.lrn_dip_field,
        "authorization": edge.lrn_dip_authorization or None,
        "ca": edge.lrn_dip_ca or None,
    }


def edge_tls(edge: Edge) -> dict[str, object] | None:
    """The TLS listener of the edge; none without a certificate. Raises DomainError when half of the pair is missing."""
    if not edge.tls_certificate and not edge.tls_key:
        return None
    if not (edge.tls_certificate and edge.tls_key):
        missing = "tls_key" if edge.tls_certificate else "tls_certificate"
        raise DomainError(f"edge.{missing} is not set", hint="TLS needs the certificate and its key")
    return {
        "certificate": edge.tls_certificate,
        "key": edge.tls_key,
        "client_ca": edge.tls_client_ca or None,
        "host": edge.tls_host or edge.host,
        "port": edge.tls_port,
        "handshake_timeout_ms": edge.tls_handshake_timeout_ms,
        "max_handshakes": edge.tls_max_handshakes,
    }


def edge_sip(settings: Settings) -> dict[str, object] | None:
    """Test calls and redirects; none without a listener. Raises DomainError for a listener that is none."""
    sip = settings.sip
    if not sip.listen:
        return None
    tls = None
    if sip.tls_certificate or sip.tls_key:
        tls = {"certificate": sip.tls_certificate, "key": sip.tls_key}
    identity = None
    if sip.identity_key:
        identity = {
            "key": sip.identity_key,
            "x5u": sip.identity_x5u,
            "certificate": sip.identity_certificate or None,
            "roots": sip.identity_roots or None,
            "fetch_from": list(sip.identity_fetch_from),
            "fetch_ca": sip.identity_fetch_ca or None,
        }
    return {
        "listen": [sip_listener(text) for text in sip.listen],
        "public_ipv4": sip.public_ipv4 or None,
        "public_ipv6": sip.public_ipv6 or None,
        "media_ports": [sip.media_first, sip.media_last],
        "directory": str(settings.calls_dir),
        "allow": list(sip.allow),
        "workers": sip.workers,
        "max_calls": sip.max_calls,
        "max_orders": sip.max_orders,
        "packets_per_s": sip.packets_per_s,
        "learn": sip.learn,
        "tls": tls,
        "tls_ca": sip.tls_ca or None,
        "identity": identity,
    }


def sip_listener(text: str) -> dict[str, object]:
    """`udp://203.0.113.9:5060` in parts."""
    try:
        parts = urllib.parse.urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or port is None or parts.scheme not in ("udp", "tcp", "tls"):
        raise DomainError(
            f'sip.listen: "{text}" is no listener', hint="write udp://203.0.113.9:5060, tcp://… or tls://…"
        )
    return {"transport": parts.scheme, "host": host, "port": port}


def with_edge(settings: Settings, options: Mapping[str, str | int | None]) -> Settings:
    """The settings with options of the command line in their place."""
    given = {name: value for name, value in options.items() if value is not None}
    edge = msgspec.structs.replace(settings.edge, **given)
    return msgspec.structs.replace(settings, edge=edge)


@click.command()
@pass_run
def serve(run: Run) -> int:
    """Run web, worker and edge as one process tree; Ctrl-C drains all."""
    configure_logs(run.settings.log_level, "serve")
    where = urls(run.settings)

    def tell() -> None:
        say(f"Tandem is ready: web {where['web']}, edge {where['edge']}")

    return Supervisor(child_specs(run)).run(ready=is_ready(run.settings), on_ready=tell)


@click.command()
@pass_run
def web(run: Run) -> None:
    """Run the marketplace pages and API under gunicorn."""
    metrics = run.settings.root / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    environ = {**os.environ, **run.loaded.environ(), "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    config = Path(__file__).parent / "gunicorn_conf.py"
    argv = [sys.executable, "-m", "gunicorn", "-c", str(config), "app.wsgi:application()"]
    os.execve(sys.executable, argv, environ)


@click.command()
@pass_run
def worker(run: Run) -> int:
    """Run durable jobs until SIGTERM."""
    from app.jobs.worker import run_worker  # DBOS takes a second to import

    configure_logs(run.settings.log_level, "worker")
    jobs = run.settings.jobs
    app = create_app(run.settings)
    return run_worker(app, run.settings.jobs_url, concurrency=jobs.concurrency, executor_id=jobs.executor_id)


@click.command()
@click.option("--tls-certificate", help="PEM file with the certificate chain of the TLS listener.")
@click.option("--tls-key", help="PEM file with its private key.")
@click.option("--tls-client-ca", help="PEM file: serve only clients with a certificate of this CA.")
@click.option("--tls-port", type=int, help="Port of the TLS listener.")
@pass_run
def edge(run: Run, /, **tls: str | int | None) -> int:
    """Answer routing queries from the published snapshot until SIGTERM."""
    settings = with_edge(run.settings, tls)
    try:
        import lcr_core
    except ImportError as error:
        raise DomainError("the Rust extension is not built", hint="make native") from error

    settings.snapshot_dir.mkdir(parents=True, exist_ok=True)
    if settings.edge.come_first:
        govern_edge()
    try:
        return lcr_core.run_edge(json.dumps(edge_config(settings)))
    except lcr_core.CoreError as error:
        raise DomainError(
            f"the edge cannot start: {error}", hint=f"code {getattr(error, 'code', '?')}"
        ) from error
