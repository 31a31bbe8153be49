"""What gunicorn loads: `app.wsgi:application()`; settings come from the environment or tandem.toml."""

from __future__ import annotations

from apiflask import APIFlask

from app.config_sources import load_settings
from app.factory import create_app
from app.logs import configure_logs


def application() -> APIFlask:
    """The application from the settings of this process."""
    settings = load_settings().settings
    configure_logs(settings.log_level, "web")
    return create_app(settings)
