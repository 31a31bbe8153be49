"""Registers the pages and API routes of this domain on the application."""

from __future__ import annotations

from flask import Flask

from app.carriers import companies, keys, people, selling, trunks


def register(app: Flask) -> None:
    app.register_blueprint(selling.pages)
    app.register_blueprint(trunks.pages)
    app.register_blueprint(keys.pages)
    app.register_blueprint(people.pages)
    app.register_blueprint(companies.pages)
