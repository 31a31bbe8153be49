"""Builds the Flask application from `Settings`; each domain registers its own blueprints."""

from __future__ import annotations

from importlib import import_module

from apiflask import APIFlask

from app.config import Settings
from app.db import db

# Each module offers `register(app)`. Order is the order of the menu.
DOMAINS: tuple[str, ...] = ()


def create_app(settings: Settings) -> APIFlask:
    """A ready application; opens no socket and starts no thread."""
    app = APIFlask("app", title="Tandem", version="1")
    app.config["TANDEM"] = settings
    app.config["SQLALCHEMY_ENGINES"] = {"default": settings.database_url}
    settings.root.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    for name in DOMAINS:
        import_module(name).register(app)
    return app
