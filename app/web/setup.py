"""Puts the shell of the pages on the application: assets, headers, errors, template helpers."""

from __future__ import annotations

from apiflask import APIFlask

from app.security.access import current_actor
from app.web import assets, errors, headers, metrics
from app.web.shell import register_shell


def install(app: APIFlask) -> None:
    app.config["VALIDATION_ERROR_DESCRIPTION"] = "The request does not fit."
    errors.install(app)
    headers.install(app)
    metrics.install(app)
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
