"""News by mail: once a day what happened since, or each thing at once, as each person wishes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.config import Mail
from app.hooks.models import Happening, NewsWish
from app.mail.service.write_mail import write_mail
from app.security.models import Role, User

DAY = timedelta(days=1)
READERS = ("owner", "trader")  # whom the digest reaches unless they wish otherwise
LINES = 200
MODES = ("digest", "at_once", "never")


def anything_new(session: Session, now: datetime) -> bool:
    """Whether something happened that a digest may still hold."""
    recent = sa.select(Happening.id).where(Happening.created_at > now - DAY - timedelta(hours=2)).limit(1)
    return session.scalar(recent) is not None


def wish_of(session: Session, user_id: int) -> NewsWish:
    """The person's, made with the default where there is none; not committed."""
    wish = session.get(NewsWish, user_id)
    if wish is None:
        newest = session.scalar(sa.select(sa.func.max(Happening.id))) or 0
        wish = NewsWish(user_id=user_id, mail="digest", told_until=newest, told_at=None)
        session.add(wish)
        session.flush()
    return wish


def mail_news(session: Session, settings: Mail, *, now: datetime) -> int:
    """So many mails were written. Run twice it tells nothing twice: what was told is counted in the same transaction."""
    written = 0
    people = sa.select(User).where(User.active, User.roles.any(Role.name.in_(READERS))).order_by(User.id)
    for user in session.scalars(people):
        if user.company_id is None:
            continue
        wish = wish_of(session, user.id)
        if wish.mail == "never" or (
            wish.mail == "digest" and wish.told_at is not None and wish.told_at > now - DAY
        ):
            continue
        rows = session.scalars(
            sa.select(Happening)
            .where(
                Happening.company_id == user.company_id, Happening.id > wish.told_until,
                sa.or_(Happening.user_id.is_(None), Happening.user_id == user.id),
            )
            .order_by(Happening.id)
        ).all()  # fmt: skip
        if not rows:
            continue
        _write(session, settings, user, rows[:LINES], len(rows), now)
        wish.told_until, wish.told_at = rows[-1].id, now
        written += 1
    session.flush()
    return written


def _write(
    session: Session, settings: Mail, user: User, rows: Sequence[Happening], count: int, now: datetime
) -> None:
    lines = [f"{row.created_at:%Y-%m-%d %H:%M} UTC  {row.text}  {row.href}".rstrip() for row in rows]
    if count > len(lines):
        lines.append(f"… and {count - len(lines)} more: /news")
    subject = lines[0].partition("UTC")[2].strip() if count == 1 else f"{count} news from the exchange"
    write_mail(
        session, settings, company_id=user.company_id, mark=f"news-{user.id}-{now.isoformat()}", recipient=user.email,
        subject=subject, text="\n".join(lines) + "\n\nHow you are told: /news\n", now=now,
    )  # fmt: skip
