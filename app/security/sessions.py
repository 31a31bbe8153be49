"""Sign-ins as rows: each can be listed and ended, and none outlives its limits. The cookie holds a random token."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app, request, session
from sqlalchemy.orm import Session

from app.config import Settings
from app.security.models import User, UserSession

COOKIE_WORD = "sid"
# How long after a sign-in, or a proof of it, one may change how one signs in and end sessions.
FRESH = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)  # when it was last seen is written no oftener


@dataclass(frozen=True)
class SessionRow:
    """One sign-in that holds; `here`: the one that asks."""

    id: int
    created_at: datetime
    seen_at: datetime
    ip: str
    agent: str
    authn: str
    here: bool


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def start_session(db_session: Session, user: User, authn: list[str], *, now: datetime) -> UserSession:
    """A new row and its token in the cookie; the session this browser had before ends."""
    end_this_session(db_session, "signed in anew", now=now)
    token = secrets.token_urlsafe(32)
    row = UserSession(
        user_id=user.id, token_sha256=_digest(token), created_at=now, seen_at=now, ip=(request.remote_addr or "")[:64],
        agent=str(request.user_agent)[:200], authn=",".join(authn)[:60],
    )  # fmt: skip
    db_session.add(row)
    session[COOKIE_WORD] = token
    return row


def renew_token(db_session: Session) -> None:
    """The same sign-in, a new token: the cookie's copies made before are worth nothing."""
    row = this_session(db_session)
    if row is not None and row.ended_at is None:
        token = secrets.token_urlsafe(32)
        row.token_sha256 = _digest(token)
        session[COOKIE_WORD] = token


def is_fresh(*, now: datetime) -> bool:
    """Whether this browser's person has proved who they are within `FRESH`."""
    proved_at = session.get("fs_paa")  # Flask-Security's word for it
    return isinstance(proved_at, float | int) and now.timestamp() - proved_at < FRESH.total_seconds()


def session_holds(db_session: Session, user: User, *, now: datetime) -> bool:
    """Whether the cookie's sign-in is this person's, not ended, and within its limits; notes that it was seen."""
    row = this_session(db_session)
    settings: Settings = current_app.config["TANDEM"]
    if row is None or row.user_id != user.id or row.ended_at is not None:
        return False
    idle = timedelta(minutes=settings.web.session_idle_minutes)
    if now - row.created_at >= timedelta(hours=settings.web.session_hours) or now - row.seen_at >= idle:
        row.ended_at, row.why = now, "expired"
        db_session.commit()
        return False
    if now - row.seen_at >= SEEN_EVERY:
        row.seen_at = now
        db_session.commit()
    return True


def this_session(db_session: Session) -> UserSession | None:
    """The row the cookie names."""
    token = session.get(COOKIE_WORD)
    if not isinstance(token, str):
        return None
    return db_session.scalar(sa.select(UserSession).where(UserSession.token_sha256 == _digest(token)))


def end_this_session(db_session: Session, why: str, *, now: datetime) -> None:
    """Sign-out: the cookie, even a stolen copy of it, is worth nothing afterwards."""
    row = this_session(db_session)
    if row is not None and row.ended_at is None:
        row.ended_at, row.why = now, why
    session.pop(COOKIE_WORD, None)


def end_sessions(
    db_session: Session, user_id: int, why: str, *, now: datetime, except_id: int | None = None
) -> int:
    """End all sign-ins of the person (but one); returns how many ended."""
    rows = db_session.scalars(
        sa.select(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
    ).all()
    ended = [row for row in rows if row.id != except_id]
    for row in ended:
        row.ended_at, row.why = now, why
    db_session.flush()
    return len(ended)


def renew_identity(db_session: Session, user: User, why: str, *, now: datetime) -> None:
    """What the person may do has changed: every cookie made before is refused from the next request on."""
    user.fs_uniquifier = secrets.token_hex(16)
    end_sessions(db_session, user.id, why, now=now)


def standing_sessions(db_session: Session, user_id: int, *, now: datetime) -> list[SessionRow]:
    """The person's own sign-ins that hold, the newest first."""
    settings: Settings = current_app.config["TANDEM"]
    here = this_session(db_session)
    rows = db_session.scalars(
        sa.select(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.ended_at.is_(None),
            UserSession.created_at > now - timedelta(hours=settings.web.session_hours),
            UserSession.seen_at > now - timedelta(minutes=settings.web.session_idle_minutes),
        )
        .order_by(UserSession.created_at.desc(), UserSession.id.desc())
    )
    return [
        SessionRow(
            r.id, r.created_at, r.seen_at, r.ip, r.agent, r.authn, here is not None and r.id == here.id
        )
        for r in rows
    ]
