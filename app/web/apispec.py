"""What every operation of the OpenAPI document shares: how to sign in, and the refusals, all problem+json."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from apiflask import APIFlask

PROBLEM = {
    "type": "object",
    "description": "RFC 9457; `errors` holds what is wrong by place, where a field does not fit.",
    "required": ["type", "title", "status", "code", "detail", "hint"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stays the same from version to version."},
        "detail": {"type": "string"},
        "hint": {"type": ["string", "null"], "description": "How to mend it."},
        "errors": {"type": "object"},
    },
}
SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key of the page API keys: `tk_…`."},
    "session": {"type": "apiKey", "in": "cookie", "name": "tandem_session", "description": "A browser's sign-in."},
}  # fmt: skip
REFUSALS = {
    "400": "The request is not well formed.",
    "401": "No credential, or one that does not hold.",
    "403": "A permission is missing.",
    "404": "Not there, or another company's.",
    "409": "Out of step: the object is in another state by now.",
    "413": "Too large.",
    "422": "Understood, but it does not fit; the detail says what does not.",
}
FILES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}  # fmt: skip
# Answers that are bytes of other kinds, by the end of the address.
BYTES = {"/files/{test_file_id}": ("audio/wav", "application/vnd.tcpdump.pcap")}
METHODS = ("get", "post", "put", "patch", "delete")


IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same request under the same key happens once and gives the same answer; a UUID does.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 120},
}  # fmt: skip
# Whoever calls one of these takes the key (app/web/idempotency.py).
TAKES_KEY = {"answer_once", "remembered"}

Views = dict[tuple[str, str], tuple[str, Callable[..., Any]]]


def install(app: APIFlask) -> None:
    @app.spec_processor
    def whole(spec: dict[Any, Any] | str) -> dict[Any, Any] | str:
        return complete(spec, views_of(app)) if isinstance(spec, dict) else spec


def views_of(app: APIFlask) -> Views:
    """(method, path as the document writes it) → (name of the view, the view as it was written)."""
    found: Views = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]*:)?([^<>]+)>", r"{\1}", rule.rule)
        view = inspect.unwrap(app.view_functions[rule.endpoint])
        for method in rule.methods or ():
            found[method.lower(), path] = (rule.endpoint, view)
    return found


def complete(spec: dict[str, Any], views: Views) -> dict[str, Any]:
    """The document with its shared parts."""
    names = Counter(endpoint.rsplit(".", 1)[-1] for endpoint, _ in set(views.values()))
    parts = spec.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = PROBLEM
    parts["securitySchemes"] = SCHEMES
    spec["security"] = [{name: []} for name in SCHEMES]
    spec["tags"] = [{"name": name} for name in dict.fromkeys(tag["name"] for tag in spec.get("tags", []))]
    for path, item in spec.get("paths", {}).items():
        for method, operation in item.items():
            if method in METHODS:
                _complete(path, method, operation)
                endpoint, view = views[method, path]
                operation["operationId"] = _operation_id(endpoint, names)
                if TAKES_KEY & set(view.__code__.co_names):
                    operation.setdefault("parameters", []).append(IDEMPOTENCY)
    _types(spec)
    for old in ("HTTPError", "ValidationError"):
        parts["schemas"].pop(old, None)
    return spec


def _operation_id(endpoint: str, names: Counter[str]) -> str:
    """The view's name where it says enough and is the only one, else with its blueprint: list_deals, purchases_accept."""
    name = endpoint.rsplit(".", 1)[-1]
    if names[name] == 1 and "_" in name.strip("_"):
        return name
    return endpoint.replace("_api.", "_").replace(".", "_").strip("_")


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    answers = operation.setdefault("responses", {})
    if not any(status.startswith("2") for status in answers):
        answers["200"] = {"description": "Done", "content": {"application/json": {"schema": {}}}}
    for end, kinds in BYTES.items():
        if path.endswith(end):
            answers["200"]["content"] = {kind: {"schema": {}} for kind in kinds}
    for kind in _forms(path, operation):
        answers["200"].setdefault("content", {}).setdefault(FILES[kind], {"schema": {}})
    statuses = {"400", "401", "403", "422"} | {status for status in answers if status >= "400"}
    if "{" in path:
        statuses.add("404")
    if method != "get":
        # What a body names may be somebody else's, or be missing.
        statuses |= {"404", "409", "413"}
    for status in sorted(statuses):
        said = answers.get(status, {}).get("description")
        answers[status] = {
            "description": said if said and said != "Not found" else REFUSALS.get(status, "Refused."),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    operation["responses"] = dict(sorted(answers.items()))


def _forms(path: str, operation: dict[str, Any]) -> list[str]:
    """Other forms of the answer, by the query's `format` or the address's ending."""
    if path.endswith(".{kind}"):
        return list(FILES)
    return [
        kind
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "format"
        for kind in parameter["schema"].get("enum", [])
        if kind in FILES
    ]


def _types(node: Any) -> None:
    """`nullable` is a word of OpenAPI 3.0; 3.1 says it in the type."""
    if isinstance(node, list):
        for one in node:
            _types(one)
    elif isinstance(node, dict):
        if node.get("nullable") is True and isinstance(node.get("type"), str):
            del node["nullable"]
            node["type"] = [node["type"], "null"]
            if None not in node.get("enum", [None]):
                node["enum"] = [*node["enum"], None]
        for one in node.values():
            _types(one)
