"""Puts the shell of the pages on the application: assets, headers, errors, template helpers."""

from __future__ import annotations

from apiflask import APIFlask

from app.security.access import current_actor
from app.web import apispec, assets, errors, headers, metrics, plain_text
from app.web.converters import RowId
from app.web.shell import register_shell


def install(app: APIFlask) -> None:
    app.config["VALIDATION_ERROR_DESCRIPTION"] = "The request does not fit."
    app.url_map.converters["int"] = RowId
    apispec.install(app)
    errors.install(app)
    headers.install(app)
    metrics.install(app)
    plain_text.install(app)
    register_shell(app)
    assets.install(app)

    @app.context_processor
    def who() -> dict[str, object]:
        settings = app.config["TANDEM"]
        shown = {
            "demo_logins": app.config.get("DEMO_LOGINS", ()),
            "demo_password": app.config.get("DEMO_PASSWORD", ""),
        }
        return {"actor": current_actor(), **(shown if settings.demo else {})}
