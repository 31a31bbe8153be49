"""gunicorn's settings, from ours."""

import ctypes
import os
import signal
import sys
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


PR_SET_PDEATHSIG = 1


def post_fork(_server: Any, _worker: Any) -> None:
    """A worker whose master was killed ends its requests and gives up the port, so that the next master gets it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def child_exit(_server: Any, worker: Any) -> None:
    """A dead worker's gauges must not be counted for ever."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
