"""gunicorn's settings; what varies comes from the environment that `tandem web` sets."""

import os
from typing import Any

bind = os.environ.get("TANDEM_WEB_BIND", "127.0.0.1:8080")
workers = int(os.environ.get("TANDEM_WEB_WORKERS", "2"))
threads = int(os.environ.get("TANDEM_WEB_THREADS", "8"))
worker_class = "gthread"
control_socket_disable = True
graceful_timeout = 20
timeout = 120
keepalive = 30
accesslog = None
errorlog = "-"
loglevel = "warning"
limit_request_line = 8190
limit_request_fields = 60


def child_exit(_server: Any, worker: Any) -> None:
    """A dead worker's gauges must not be counted for ever."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
