"""Registers the pages and API routes of this domain on the application."""

from __future__ import annotations

from apiflask import APIFlask

from app.calls import api, limit_pages, pages, schedule_pages, ticket_pages, words


def register(app: APIFlask) -> None:
    """Test calls, tickets, schedules, the operator's limits; the same over the API."""
    for blueprint in (
        pages.pages,
        ticket_pages.pages,
        schedule_pages.pages,
        limit_pages.pages,
        api.api,
    ):
        app.register_blueprint(blueprint)
    app.jinja_env.globals["test_words"] = words
    app.jinja_env.filters["cash"] = words.cash
    app.jinja_env.filters["ms"] = words.milliseconds
    app.jinja_env.filters["mos"] = words.mos_words
