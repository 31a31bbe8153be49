"""gunicorn's settings, from ours."""

import os
from typing import Any

from app.config_sources import load_settings

_settings = load_settings().settings
bind = f"{_settings.web.host}:{_settings.web.port}"
workers = _settings.web.workers
threads = _settings.web.threads
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
