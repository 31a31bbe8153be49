"""Save a search under a name, forget it, star and unstar an offer. The caller commits."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.errors import Invalid, NotFound
from app.market.models import SavedSearch
from app.security.actor import Actor

MOST = 100


def save_search(session: Session, who: Actor, name: str, query: str, *, now: datetime) -> SavedSearch:
    """Keep `query` (a query string of the market page) as `name`; the same name again replaces it."""
    name = name.strip()
    if not 1 <= len(name) <= 120:
        raise Invalid("A saved search needs a name of 1 to 120 characters.", hint="Type a name, then Save.")
    user_id = _person(who)
    found = session.scalar(_of(who, "search").where(SavedSearch.name == name))
    if found is None:
        found = _add(session, who, user_id, "search", name, query, now)
    found.query = query
    session.flush()
    return found


def forget_search(session: Session, who: Actor, search_id: int) -> None:
    """Raises NotFound for another person's."""
    found = session.scalar(_of(who, "search").where(SavedSearch.id == search_id))
    if found is None:
        raise NotFound("There is no such saved search.")
    session.delete(found)
    session.flush()


def toggle_watch(session: Session, who: Actor, key: str, label: str, *, now: datetime) -> bool:
    """Star or unstar an offer; returns whether it is watched now."""
    found = session.scalar(_of(who, "watch").where(SavedSearch.query == key))
    if found is not None:
        session.delete(found)
        session.flush()
        return False
    _add(session, who, _person(who), "watch", label[:120], key, now)
    return True


def _of(who: Actor, kind: str) -> sa.Select[SavedSearch]:
    return sa.select(SavedSearch).where(
        SavedSearch.kind == kind, SavedSearch.user_id == who.user_id, SavedSearch.company_id == who.company_id
    )


def _person(who: Actor) -> int:
    if who.user_id is None:
        raise Invalid("Searches and stars belong to a person.", hint="Sign in; an API key cannot keep them.")
    return who.user_id


def _add(
    session: Session, who: Actor, user_id: int, kind: str, name: str, query: str, now: datetime
) -> SavedSearch:
    kept = session.scalar(sa.select(sa.func.count()).select_from(_of(who, kind).subquery())) or 0
    if kept >= MOST:
        raise Invalid(f"At most {MOST} can be kept.", hint="Remove one first.")
    row = SavedSearch(
        company_id=who.company_id, user_id=user_id, name=name, query=query[:4000], kind=kind, created_at=now
    )
    session.add(row)
    session.flush()
    return row
