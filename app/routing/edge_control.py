"""The edge's control endpoint (docs/state.md): commands to it, and the state it serves."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from app.config import Settings
from app.errors import DomainError
from app.security.actor import KEY_PREFIX
from app.security.setup import kept_secret

STATE = "/v1/control/state"
COMMANDS = "/v1/control/commands"
TIMEOUT_S = 2.0


class EdgeUnreachable(DomainError):
    """The edge did not take the commands; they are sent again."""

    code = "edge_unreachable"
    status = 503


def control_token(settings: Settings) -> str:
    """The worker's key at the edge, in the form of all its keys; made once when none is configured."""
    settings.root.mkdir(parents=True, exist_ok=True)
    token = kept_secret(settings, "control_token", settings.edge.control_token)
    return token if token.startswith(KEY_PREFIX) else KEY_PREFIX + token


def send(settings: Settings, commands: list[dict[str, Any]]) -> dict[str, Any]:
    """Carried out whole or not at all; returns `changed` and `generation`."""
    return _ask(settings, COMMANDS, json.dumps(commands).encode())


def served(settings: Settings) -> dict[str, Any]:
    """The words of the state as they are served now (docs/decision.md 10)."""
    return _ask(settings, STATE, None)


def _ask(settings: Settings, path: str, body: bytes | None) -> dict[str, Any]:
    url = f"http://{settings.edge.host}:{settings.edge.port}{path}"
    headers = {"Authorization": f"Bearer {control_token(settings)}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            answer: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as refused:
        said = refused.read(500).decode(errors="replace")
        raise EdgeUnreachable(
            f"The edge refused with {refused.code}: {said}", hint="Is a snapshot published?"
        ) from refused
    except (OSError, ValueError) as fault:
        raise EdgeUnreachable(
            f"The edge at {url} does not answer: {fault}", hint="Start it with `tandem edge`."
        ) from fault
    return answer
