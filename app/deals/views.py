"""Registers the pages and API routes of this domain on the application."""

from __future__ import annotations

from apiflask import APIFlask


def register(app: APIFlask) -> None:
    """Requests for quotes, deals, agreements; the same over the API."""
