"""What a submitted form does: the verb, one commit, a message, the next page; a refusal keeps the form and what was typed."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect
from werkzeug.wrappers import Response

from app.db import db
from app.errors import DomainError


def acted(act: Callable[[], str], said: str) -> Response | None:
    """Run `act`, which names the address to go to; None when it was refused: nothing is kept, and the page tells why."""
    try:
        address = act()
    except DomainError as fault:
        db.session.rollback()
        flash(f"{fault.message} {fault.hint or ''}", "danger")
        return None
    db.session.commit()
    flash(said, "success")
    return redirect(address)
