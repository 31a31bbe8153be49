"""Registers the pages and API routes of this domain on the application."""

from __future__ import annotations

from apiflask import APIFlask

from app.market import orders, purchases_api


def register(app: APIFlask) -> None:
    app.register_blueprint(orders.pages)
    app.register_blueprint(purchases_api.api)
