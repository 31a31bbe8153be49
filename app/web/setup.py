"""Puts the shell of the pages on the application: assets, headers, errors, template helpers."""

from __future__ import annotations

from apiflask import APIFlask

from app.security.access import current_actor
from app.web import assets, errors, headers
from app.web.shell import register_shell


def install(app: APIFlask) -> None:
    app.config["VALIDATION_ERROR_DESCRIPTION"] = "The request does not fit."
    errors.install(app)
    headers.install(app)
    register_shell(app)
    assets.install(app)

    @app.context_processor
    def who() -> dict[str, object]:
        return {"actor": current_actor()}
