"""Registers the pages and API routes of this domain on the application."""

from __future__ import annotations

from apiflask import APIFlask

from app.routing import numbers, simulator, state_page


def register(app: APIFlask) -> None:
    app.register_blueprint(simulator.pages)
    app.register_blueprint(simulator.api)
    app.register_blueprint(state_page.pages)
    app.register_blueprint(numbers.pages)
