"""Requests of the pages and API counted and timed; /metrics prints them, summed over all web processes."""

from __future__ import annotations

import os
import time

from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Counter("tandem_web_requests_total", "Requests answered.", ("endpoint", "method", "status"))
SECONDS = Histogram(
    "tandem_web_request_seconds", "Time to answer.", ("endpoint",), buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10)
)


def exposition() -> bytes:
    """The text of all processes when PROMETHEUS_MULTIPROC_DIR is set, else of this one."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def answer() -> Response:
    return Response(exposition(), content_type=CONTENT_TYPE_LATEST)


def install(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.tandem_begun = time.monotonic()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        REQUESTS.labels(endpoint, request.method, str(response.status_code)).inc()
        begun = g.get("tandem_begun")
        if begun is not None:
            SECONDS.labels(endpoint).observe(time.monotonic() - begun)
        return response
