"""The audit chain names what was tampered with."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from apiflask import APIFlask

from app.audit.models import AuditEvent
from app.audit.record import record
from app.audit.verify import verify_chain
from app.db import db
from tests.factories.app import NOW, actor_for, make_app, make_company, make_user


@pytest.fixture
def app_with_events(tmp_path: Path) -> APIFlask:
    app = make_app(tmp_path)
    with app.app_context():
        company = make_company(db.session, sells=True)
        actor = actor_for(make_user(db.session, company), company)
        for number in range(10):
            record(
                db.session, actor, action="deck.approve", obj=("deck", number), after={"n": number}, now=NOW
            )
        db.session.commit()
    return app


def test_an_untouched_chain_has_no_faults(app_with_events: APIFlask) -> None:
    with app_with_events.app_context():
        assert verify_chain(db.session) == []


@pytest.mark.parametrize(
    ("statement", "event_id"),
    [
        ("UPDATE audit_event SET actor = 'someone else' WHERE id = 4", 4),
        ("DELETE FROM audit_event WHERE id = 5", 6),
        ("DELETE FROM audit_event WHERE id = 10", None),
    ],
)
def test_an_edited_or_deleted_row_is_named(
    app_with_events: APIFlask, statement: str, event_id: int | None
) -> None:
    with app_with_events.app_context():
        db.session.execute(sa.text(statement))
        db.session.commit()
        assert event_id in [fault.event_id for fault in verify_chain(db.session)]


def test_swapped_rows_are_named(app_with_events: APIFlask) -> None:
    with app_with_events.app_context():
        for old, new in ((3, 99), (7, 3), (99, 7)):
            db.session.execute(sa.update(AuditEvent).where(AuditEvent.id == old).values(id=new))
        db.session.commit()
        assert {fault.event_id for fault in verify_chain(db.session)} >= {3, 7}
