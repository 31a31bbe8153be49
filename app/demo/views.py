"""Sample decks for download, in demo mode only: `/demo/sample-decks/` and the files below it."""

from __future__ import annotations

import io

from flask import Blueprint, Flask, Response, current_app, render_template, send_file

from app.clock import utc_now
from app.demo.samples import SAMPLES
from app.errors import NotFound
from app.security.access import require

pages = Blueprint("demo", __name__, url_prefix="/demo", template_folder="templates")


def register(app: Flask) -> None:
    app.register_blueprint(pages)


def _only_in_demo() -> None:
    if not current_app.config["TANDEM"].demo:
        raise NotFound("There is no such page.")


@pages.get("/sample-decks/")
@require("deck:read")
def samples() -> str:
    _only_in_demo()
    return render_template("demo/samples.html", samples=[(name, what) for name, (what, _) in SAMPLES.items()])


@pages.get("/sample-decks/<name>")
@require("deck:read")
def sample(name: str) -> Response:
    _only_in_demo()
    if name not in SAMPLES:
        raise NotFound("There is no such sample deck.", hint=f"Samples: {', '.join(SAMPLES)}.")
    content = SAMPLES[name][1](utc_now())
    return send_file(
        io.BytesIO(content), as_attachment=True, download_name=name, mimetype="application/octet-stream"
    )
