"""`tandem audit verify`."""

from __future__ import annotations

from dataclasses import asdict

import click

from app.audit.verify import verify_chain
from app.console import Exit, Run, emit_json, json_option, pass_run, say
from app.db import db
from app.factory import create_app


@click.group()
def audit() -> None:
    """The audit log: verify its chain."""


@audit.command("verify")
@json_option
@pass_run
def verify(run: Run, as_json: bool) -> int:
    """Check the audit log: name every event that was edited, deleted, inserted or swapped; ends with 1 then."""
    app = create_app(run.settings)
    with app.app_context():
        faults = verify_chain(db.session)
    if as_json:
        emit_json([asdict(fault) for fault in faults])
    else:
        for fault in faults:
            click.echo(fault.text)
        say("the chain is broken" if faults else "the chain is whole")
    return Exit.FAILED if faults else Exit.DONE
