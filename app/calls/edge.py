"""The edge's side of test calls over HTTP (docs/test-calls.md): order, watch, hang up, tell what may be tested."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from app.config import Settings
from app.errors import DomainError
from app.routing.edge_control import EdgeUnreachable, control_token

CALLS, LISTS = "/v1/calls", "/v1/control/sip"
TIMEOUT_S = 3.0
# Refusals that pass by themselves.
PASSING = (
    "too_many_calls",
    "sip_off",
    "no_snapshot",
    "draining",
    "no_ports",
    "log_failed",
    "own_number_busy",
)


class EdgeRefused(DomainError):
    """The edge took the question and said no; `why` is its code."""

    code = "edge_refused"
    status = 409

    def __init__(self, why: str, detail: str, status: int, retry_after_s: int) -> None:
        super().__init__(detail)
        self.why, self.http_status, self.retry_after_s = why, status, retry_after_s

    @property
    def passing(self) -> bool:
        """Worth asking again later."""
        return self.why in PASSING or self.http_status in (429, 503)


def order(settings: Settings, words: dict[str, Any]) -> dict[str, Any]:
    """The same words under the same name make one call, however often they are sent. Raises EdgeRefused, EdgeUnreachable."""
    return _ask(settings, "POST", CALLS, words)


def watch(settings: Settings, ref: str, after: int = 0) -> dict[str, Any]:
    """State and events after the n-th; the record once it has ended."""
    return _ask(settings, "GET", f"{CALLS}/{urllib.parse.quote(ref)}?after={after}")


def hang_up(settings: Settings, ref: str) -> dict[str, Any]:
    return _ask(settings, "POST", f"{CALLS}/{urllib.parse.quote(ref)}/hangup", {})


def tell(settings: Settings, lists: dict[str, Any]) -> dict[str, Any]:
    """Lists named replace those told before; they are on the edge's disk when it answers."""
    return _ask(settings, "POST", LISTS, lists)


def told(settings: Settings) -> dict[str, Any]:
    """What was told, how much of each ticket is used, and the health of trunks."""
    return _ask(settings, "GET", LISTS)


def _ask(settings: Settings, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    url = f"http://{settings.edge.host}:{settings.edge.port}{path}"
    headers = {"Authorization": f"Bearer {control_token(settings)}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            answer: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as refused:
        raise _refusal(refused) from refused
    except (OSError, ValueError, http.client.HTTPException) as fault:
        raise EdgeUnreachable(
            f"The edge at {settings.edge.host}:{settings.edge.port} does not answer: {fault}",
            hint="Start it with `tandem edge`.",
        ) from fault
    return answer


def _refusal(refused: urllib.error.HTTPError) -> EdgeRefused:
    with refused:
        text = refused.read(4000)
    try:
        problem = json.loads(text)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    wait = refused.headers.get("Retry-After", "")
    return EdgeRefused(
        str(problem.get("code", refused.code)), str(problem.get("detail") or f"The edge answered {refused.code}."),
        refused.code, int(wait) if wait.isdigit() else 5,
    )  # fmt: skip
