"""A web process that approves a deck and dies by kill -9 at a named point of it.

`python -m tests.crash.approver DATA_DIR DECK KEY POINT`; POINT is `written` (the version is written but not
committed) or `committed` (committed, but nobody was told).
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.config import Settings, Web
from app.decks.models import DeckVersion
from app.factory import create_app

_versions: list[Any] = []


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def note_version(session: Session, _context: Any) -> None:
    _versions.extend(one for one in session.new if isinstance(one, DeckVersion))


def die_before_commit(_session: Session) -> None:
    if _versions:
        die()


def main(data_dir: str, deck: str, key: str, point: str) -> None:
    app = create_app(Settings(data_dir=data_dir, web=Web(secret_key="k" * 40, password_salt="s" * 40)))
    event.listen(Session, "after_flush", note_version)
    event.listen(Session, {"written": "before_commit", "committed": "after_commit"}[point], die_before_commit)
    answer = app.test_client().post(
        f"/api/v1/decks/{deck}/approve", json={}, headers={"Authorization": f"Bearer {key}"}
    )
    sys.exit(f"lived on: {answer.status_code} {answer.get_data(as_text=True)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
