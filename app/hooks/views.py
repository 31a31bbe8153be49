"""Registers the pages and API routes of this domain on the application."""

from __future__ import annotations

from apiflask import APIFlask

from app.hooks import api, pages


def register(app: APIFlask) -> None:
    """News, webhooks and their delivery log; the same over the API."""
    app.register_blueprint(pages.pages)
    app.register_blueprint(api.api)
