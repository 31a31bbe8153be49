"""`tandem mail`: what an exchange without a mail server keeps instead of sending it."""

from __future__ import annotations

import click
import sqlalchemy as sa

from app.console import Run, emit_json, json_option, pass_run, say
from app.db import db
from app.factory import create_app
from app.mail.models import OutboxMail


@click.group()
def mail() -> None:
    """Messages of the exchange: read those that were kept."""


@mail.command("kept")
@click.option("--to", "recipient", help="Only those to this address.")
@click.option("--newest", default=10, show_default=True, help="At most so many.")
@json_option
@pass_run
def kept(run: Run, recipient: str | None, newest: int, as_json: bool) -> None:
    """Print messages that no mail server took, with the links in them: for the machine's owner, who may act for anybody."""
    query = sa.select(OutboxMail).where(OutboxMail.state == "kept").order_by(OutboxMail.id.desc())
    if recipient:
        query = query.where(sa.func.lower(OutboxMail.recipient) == recipient.strip().lower())
    app = create_app(run.settings)
    with app.app_context():
        found = [
            {"to": m.recipient, "at": m.created_at.isoformat(), "subject": m.subject, "text": m.text}
            for m in db.session.scalars(query.limit(newest))
        ]
    if as_json:
        emit_json(found)
        return
    for one in reversed(found):
        click.echo(
            f"To: {one['to']}\nDate: {one['at']}\nSubject: {one['subject']}\n\n{one['text'].rstrip()}\n"
        )
    if not found:
        say("no message is kept")
