"""Hand a document in, and take it out again while nobody has judged it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Paper
from app.accounts.papers import KINDS, MOST, PaperStore, checked, safe_name, type_of
from app.accounts.scan import scan
from app.audit.record import record
from app.carriers.models import Company
from app.errors import Conflict, Invalid, NotFound
from app.security.actor import Actor


def keep_paper(
    session: Session, actor: Actor, store: PaperStore, *, kind: str, filename: str, content: bytes, now: datetime,
    clamd: str = "",
) -> Paper:  # fmt: skip
    """The row (flushed); the bytes are in the store before it. Raises Invalid, TooLarge, Conflict,
    ScannerAway."""
    if kind not in KINDS:
        raise Invalid(f"There is no kind {kind}.", hint="Choose one of the list.")
    media_type, ending = type_of(checked(content))
    scan(content, clamd)
    count = sa.select(sa.func.count()).select_from(Paper).where(Paper.company_id == actor.company_id)
    if (session.scalar(count) or 0) >= MOST:
        raise Conflict(f"A company keeps at most {MOST} papers.", hint="Take one out first.")
    paper = Paper(
        company_id=actor.company_id, kind=kind, filename=safe_name(filename, ending), media_type=media_type,
        size_bytes=len(content), sha256=store.put(content), uploaded_by=actor.user_id, created_at=now,
    )  # fmt: skip
    session.add(paper)
    session.flush()
    after = {"kind": kind, "filename": paper.filename, "sha256": paper.sha256, "size_bytes": paper.size_bytes}
    record(session, actor, action="paper.add", obj=paper, after=after, now=now)
    return paper


def paper_of(session: Session, actor: Actor, paper_id: int) -> Paper:
    """The paper, if of the actor's company; the operator reads all. Raises NotFound."""
    found = session.get(Paper, paper_id)
    if found is None or (found.company_id != actor.company_id and not actor.is_operator):
        raise NotFound("There is no such paper.")
    return found


def drop_paper(session: Session, actor: Actor, store: PaperStore, paper_id: int, *, now: datetime) -> None:
    """Raises NotFound, and Conflict once the operator has it before them: what was judged stays."""
    paper = paper_of(session, actor, paper_id)
    if paper.company_id != actor.company_id:
        raise NotFound("There is no such paper.")
    if session.get_one(Company, paper.company_id).status not in ("sandbox", "refused"):
        raise Conflict("Papers that were handed in for approval stay.", hint="Add a newer one beside it.")
    same = (
        sa.select(sa.func.count())
        .select_from(Paper)
        .where(Paper.sha256 == paper.sha256, Paper.id != paper.id)
    )
    shared = session.scalar(same)
    record(session, actor, action="paper.remove", obj=paper, now=now,
           before={"kind": paper.kind, "filename": paper.filename, "sha256": paper.sha256})  # fmt: skip
    session.delete(paper)
    session.flush()
    if not shared:
        store.drop(paper.sha256)
