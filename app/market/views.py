"""Registers the pages and API routes of this domain on the application."""

from __future__ import annotations

from apiflask import APIFlask

from app.market import (
    api,
    browse_views,
    notice_mail_views,
    notice_views,
    orders,
    private_pages,
    purchases_api,
)


def register(app: APIFlask) -> None:
    """Browser, compare, saved searches, orders, rate notices; the same over the API."""
    app.register_blueprint(browse_views.pages)
    app.register_blueprint(api.api)
    app.register_blueprint(orders.pages)
    app.register_blueprint(purchases_api.api)
    app.register_blueprint(private_pages.pages)
    app.register_blueprint(private_pages.api)
    app.register_blueprint(notice_views.pages)
    app.register_blueprint(notice_views.api)
    app.register_blueprint(notice_mail_views.pages)
