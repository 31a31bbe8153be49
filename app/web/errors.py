"""The one place where faults become answers: problem+json for programs, a page for people."""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from apiflask import APIFlask
from apiflask.exceptions import HTTPError as ApiHTTPError
from flask import Response, current_app, json, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app.errors import DomainError
from app.security.access import Unauthenticated, current_actor, is_api

log = structlog.get_logger("app.web")

HINTS = {
    400: "See the request in the API documentation.",
    404: "Look at the address again; the lists show what is yours.",
    405: "The header `Allow` names the methods it takes.",
    413: "Split the file, or remove empty formatted rows and columns, and send it again.",
    415: "Send the content type the API documentation names.",
    429: "The header `Retry-After` says when.",
}

TITLES = {
    400: "That request does not make sense", 401: "Please sign in", 403: "Not allowed", 404: "Not found",
    405: "That cannot be done here", 409: "Out of step", 413: "Too large", 415: "Wrong kind of content",
    422: "Something needs mending", 429: "Too many tries", 500: "Something broke on our side",
    503: "Back in a moment",
}  # fmt: skip


def problem(
    status: int, code: str, detail: str, hint: str | None = None, facts: dict[str, Any] | None = None
) -> Response:
    """An answer of type application/problem+json (RFC 9457)."""
    body = {
        "type": f"urn:tandem:problem:{code}", "title": TITLES.get(status, "Error"), "status": status, "code": code,
        "detail": detail, "hint": hint, **(facts or {}),
    }  # fmt: skip
    return Response(json.dumps(body), status=status, mimetype="application/problem+json")


def answer(
    status: int, code: str, detail: str, hint: str | None = None, facts: dict[str, Any] | None = None
) -> Response:
    """The fault as a problem, an htmx fragment or a page, whichever the asker understands."""
    if is_api():
        return problem(status, code, detail, hint, facts)
    fragment = request.headers.get("HX-Request") == "true"
    page = "errors/fragment.html" if fragment else "errors/error.html"
    title = TITLES.get(status, "Error")
    html = render_template(
        page, status=status, code=code, title=title, detail=detail, hint=hint, facts=facts or {}
    )
    return Response(html, status=status)


def _domain_error(error: DomainError) -> Any:
    if isinstance(error, Unauthenticated) and not is_api():
        return redirect(url_for("security.login"))
    response = answer(error.status, error.code, error.message, error.hint, error.facts)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tandem"'
    return response


def _http_error(error: HTTPException) -> Any:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    texts = {
        404: ("not_found", "There is nothing at this address, or it belongs to another company."),
        405: ("method_not_allowed", "This address does not take that method."),
        413: (
            "too_large",
            f"The request is larger than the {_upload_limit() // 2**20} MiB this server takes.",
        ),
        429: ("rate_limited", "Too many attempts. Wait a minute and try again."),
    }
    code, detail = texts.get(status, (f"http_{status}", error.description or "The request failed."))
    response = answer(status, code, detail, HINTS.get(status))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after", "www-authenticate"):
            response.headers[name] = value
    return response


def _csrf_error(error: CSRFError) -> Any:
    return answer(400, "csrf", f"{error.description}", "Reload the page and send the form again.")


def _unexpected(error: Exception) -> Any:
    error_id = secrets.token_hex(6)
    asker = None
    try:
        found = current_actor()
        asker = found.email if found else None
    except Exception:
        log.warning("actor_unreadable", error_id=error_id)
    log.exception(
        "unexpected", error_id=error_id, path=request.path, method=request.method, actor=asker, exc_info=error
    )
    return answer(
        500, "internal", f"The error was recorded as {error_id}.", "Try again; if it stays, give us that id."
    )


def _api_error(error: ApiHTTPError) -> Any:
    facts = {"errors": error.detail} if error.detail else None
    hint = _mend(error.detail) if error.status_code == 422 else HINTS.get(error.status_code)
    return problem(error.status_code, "invalid" if error.status_code == 422 else f"http_{error.status_code}",
                   error.message or "The request does not fit.", hint, facts)  # fmt: skip


def _mend(detail: Any) -> str:
    """The fields that do not fit and why, in one sentence; `errors` holds the same by place."""
    said = [
        f"{field}: {' '.join(map(str, reasons)) if isinstance(reasons, list) else reasons}"
        for fields in (detail.values() if isinstance(detail, dict) else ())
        if isinstance(fields, dict)
        for field, reasons in fields.items()
    ]
    return " · ".join(said) or "See the fields in the API documentation."


def _upload_limit() -> int:
    return int(current_app.config["MAX_CONTENT_LENGTH"])


def install(app: APIFlask) -> None:
    app.error_processor(_api_error)
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
