"""Edit, delete, insert, swap: `tandem verify` names each, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from apiflask import APIFlask

from app.audit.models import AuditEvent
from app.audit.record import event_hash, record
from app.audit.verify import verify_chain
from app.db import db
from tests.factories.app import NOW, actor_for, login, make_app, make_company, make_user

COUNT = 1_000


@dataclass
class Log:
    app: APIFlask
    ids: list[int]


@pytest.fixture
def log(tmp_path: Path, database_url: str) -> Log:
    app = make_app(tmp_path, database_url)
    with app.app_context():
        company = make_company(db.session, sells=True)
        actor = actor_for(make_user(db.session, company), company)
        for number in range(COUNT):
            record(db.session, actor, action="deck.approve", obj=("deck", number), before={"n": number - 1},
                   after={"n": number}, now=NOW)  # fmt: skip
        db.session.commit()
        ids = list(db.session.scalars(sa.select(AuditEvent.id).order_by(AuditEvent.id)))
    return Log(app, ids)


def kinds(log: Log) -> list[tuple[int | None, str]]:
    with log.app.app_context():
        return [(fault.event_id, fault.kind) for fault in verify_chain(db.session)]


def change(log: Log, *statements: sa.Executable) -> None:
    with log.app.app_context():
        for statement in statements:
            db.session.execute(statement)
        db.session.commit()


def test_each_of_the_four_tampers_is_named_by_its_event(log: Log) -> None:
    assert kinds(log) == []
    table = AuditEvent.__table__
    with log.app.app_context():
        rows = {row.id: dict(row._mapping) for row in db.session.execute(sa.select(table))}
    fields = [name for name in rows[log.ids[0]] if name != "id"]

    def put(id_: int, source: int) -> sa.Executable:
        return sa.update(table).where(table.c.id == id_).values({name: rows[source][name] for name in fields})

    # Edited: any field of any event.
    edited = log.ids[399]
    for values in (
        {"actor": "someone else"},
        {"after": {"n": 0}},
        {"action": "deck.reject"},
        {"ip": "192.0.2.1"},
    ):
        change(log, sa.update(table).where(table.c.id == edited).values(**values))
        assert kinds(log) == [(edited, "edited")]
        change(log, put(edited, edited))
    assert kinds(log) == []
    # Deleted: named by the event that follows; at the end by the head.
    gone, after = log.ids[499], log.ids[500]
    change(log, sa.delete(table).where(table.c.id == gone))
    assert kinds(log) == [(after, "deleted")]
    change(log, sa.insert(table).values(rows[gone]))
    change(log, sa.delete(table).where(table.c.id == log.ids[-1]))
    assert kinds(log) == [(None, "cut")]
    change(log, sa.insert(table).values(rows[log.ids[-1]]))
    assert kinds(log) == []
    # Inserted: with a hash of its own that is right, sealed by nobody.
    with log.app.app_context():
        last = db.session.get_one(AuditEvent, log.ids[-1])
        forged = AuditEvent(
            id=log.ids[-1] + 1, at=NOW, company_id=last.company_id, actor_user_id=last.actor_user_id, actor="forger", ip=None,
            action="deck.approve", object_type="deck", object_id="1", before={}, after={}, prev_hash=last.hash, hash="",
        )  # fmt: skip
        forged.hash = event_hash(last.hash, forged)
        db.session.add(forged)
        db.session.commit()
        forged_id = forged.id
    assert kinds(log) == [(forged_id, "inserted")]
    change(log, sa.delete(table).where(table.c.id == forged_id))
    # Swapped: two rows in each other's place.
    one, two = log.ids[100], log.ids[700]
    change(log, sa.delete(table).where(table.c.id.in_((one, two))))
    change(
        log,
        sa.insert(table).values({**rows[one], "id": two}),
        sa.insert(table).values({**rows[two], "id": one}),
    )
    assert kinds(log) == [(one, "swapped"), (two, "swapped")]


def test_the_export_holds_every_event_whole_and_only_ones_own(log: Log) -> None:
    with log.app.app_context():
        other = make_company(db.session, "Other", sells=True)
        stranger = make_user(db.session, other, "owner", "o@other.example")
        company_id = db.session.scalar(sa.select(AuditEvent.company_id).limit(1))
        mine = make_user(db.session, db.session.get_one(type(other), company_id), "finance", "f@acme.example")
        lines = login(log.app.test_client(), mine).get("/audit.jsonl").get_data(as_text=True).splitlines()
        assert len(lines) == COUNT
        assert '"prev_hash"' in lines[0]
        assert '"before": {"n": 0}' in lines[1]
        assert login(log.app.test_client(), stranger).get("/audit.jsonl").data == b""
