"""`tandem api`: the API's own description, for those who generate clients."""

from __future__ import annotations

import json

import click

from app.console import Run


@click.group("api")
def group() -> None:
    """The HTTP API."""


@group.command("document")
@click.pass_obj
def document(run: Run) -> None:
    """Print the OpenAPI 3.1 document, as /api/openapi.json serves it."""
    from app.factory import create_app

    app = create_app(run.settings)
    with app.app_context():
        click.echo(json.dumps(app.spec, ensure_ascii=False, indent=2))
