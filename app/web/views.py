"""Addresses that belong to no domain: health and readiness."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, jsonify

from app.db import db
from app.web import apidocs, metrics

pages = Blueprint("web", __name__)


@pages.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@pages.get("/readyz")
def readyz() -> tuple[Response, int]:
    """The database answers too."""
    try:
        db.session.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError:
        return jsonify(status="database does not answer"), 503
    return jsonify(status="ready"), 200


@pages.get("/metrics")
def metrics_page() -> Response:
    """Prometheus text of the web processes; no tenant's data is in it."""
    return metrics.answer()


def register(app: Flask) -> None:
    app.register_blueprint(pages)
    app.register_blueprint(apidocs.pages)
    app.register_blueprint(apidocs.api)
