"""Refuses text that no field of ours can hold: control characters and marks that turn the reading direction.

PostgreSQL stores no NUL at all, and a name that prints backwards or over several lines misleads its readers.
"""

from __future__ import annotations

import re

from apiflask import APIFlask
from flask import request

from app.errors import Invalid

UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def install(app: APIFlask) -> None:
    app.before_request(refuse_unreadable)


def refuse_unreadable() -> None:
    """Looks at the query and at a sent form. Raises Invalid naming the field."""
    for fields in (request.args, request.form):
        for name, value in fields.items(multi=True):
            if UNREADABLE.search(value):
                raise Invalid(
                    f"The field {name[:40]!r} holds a control character.",
                    hint="Type the text instead of pasting it; go back and send it again.",
                    field=name[:40],
                )
