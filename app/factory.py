"""Builds the Flask application from `Settings`; each domain registers its own blueprints."""

from __future__ import annotations

from importlib import import_module

from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Settings
from app.db import db
from app.mail.account_mail import OutboxMailUtil
from app.security import setup as security
from app.web import setup as web

# Every domain that has models; the migrations and the application load the same list.
MODELS = (
    "security",
    "carriers",
    "accounts",
    "jobs",
    "audit",
    "mail",
    "hooks",
    "decks",
    "market",
    "deals",
    "routing",
    "calls",
    "cdrs",
    "web",
)

# Each module offers `register(app)`.
DOMAINS: tuple[str, ...] = (
    "app.web.views",
    "app.carriers.views",
    "app.hooks.views",
    "app.accounts.views",
    "app.decks.views",
    "app.market.views",
    "app.deals.views",
    "app.routing.views",
    "app.calls.views",
    "app.cdrs.views",
    "app.billing.views",
    "app.reports.views",
    "app.dashboard.views",
    "app.demo.views",
)


def load_models() -> None:
    """Import the models of all domains, so that the metadata is whole."""
    for name in MODELS:
        import_module(f"app.{name}.models")


def create_app(settings: Settings) -> APIFlask:
    """A ready application; opens no socket and starts no thread."""
    load_models()
    settings.root.mkdir(parents=True, exist_ok=True)
    app = APIFlask(
        "app",
        title="Tandem",
        version="1",
        docs_path=None,
        spec_path="/api/openapi.json",
        static_folder=None,  # type: ignore[arg-type]  # WhiteNoise serves /static
        template_folder="web/templates",
        json_errors=False,
    )
    app.config["TANDEM"] = settings
    app.config["SQLALCHEMY_ENGINES"] = {"default": settings.database_url}
    app.config["MAX_CONTENT_LENGTH"] = settings.web.max_upload_bytes
    security.configure(app, settings)
    db.init_app(app)
    security.install(app, settings, mail_util=OutboxMailUtil)
    web.install(app)
    if settings.demo:
        # Only a demo shows its public accounts on the sign-in page.
        from app.demo.companies import LOGINS, PASSWORD

        app.config.update(DEMO_LOGINS=LOGINS, DEMO_PASSWORD=PASSWORD)
    for name in DOMAINS:
        import_module(name).register(app)
    if settings.web.trusted_proxies:
        hops = settings.web.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app
