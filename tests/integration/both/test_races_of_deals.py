"""Two at once at accept, sign and revoke, on SQLite and on PostgreSQL: exactly one act counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.audit.models import AuditEvent
from app.clock import utc_now
from app.db import db
from app.deals.models import Agreement, AgreementVersion, Deal, Signature
from app.deals.service.answer_offer import accept, withdraw
from app.deals.service.make_offer import order
from app.deals.service.sign_agreement import revoke, sign
from app.errors import DomainError
from app.market.models import Purchase
from tests.unit.app_deals.trading import Floor, terms
from tests.unit.app_deals.trading import floor as make_floor

ROUNDS = 8


@pytest.fixture
def floor(tmp_path: Path, database_url: str) -> Iterator[Floor]:
    made = make_floor(tmp_path, database_url)
    yield made
    with made.app.app_context():
        db.session.close()
        db.engine.dispose()


def at_once(floor: Floor, *works: Callable[[], Any]) -> list[str]:
    """Each in a thread with a session of its own, let go together: `done` or the refusal's code."""
    gate, found = threading.Barrier(len(works)), [""] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        with floor.app.app_context():
            try:
                gate.wait(10)
                work()
                db.session.commit()
                found[number] = "done"
            except DomainError as fault:
                db.session.rollback()
                found[number] = fault.code
            finally:
                db.session.close()

    threads = [threading.Thread(target=run, args=(n, work)) for n, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def placed(floor: Floor) -> int:
    with floor.app.app_context():
        now = utc_now()
        deal = order(
            db.session, floor.buyers[0], product_id=floor.products[0], terms=terms(), valid_until=now + timedelta(days=1), now=now
        )  # fmt: skip
        db.session.commit()
        return deal.id


def drawn(floor: Floor) -> tuple[int, str]:
    deal_id = placed(floor)
    with floor.app.app_context():
        accept(db.session, floor.sellers[0], deal_id, round_=1, now=utc_now())
        db.session.commit()
        agreement = db.session.scalars(sa.select(Agreement).where(Agreement.deal_id == deal_id)).one()
        version = db.session.scalars(
            sa.select(AgreementVersion).where(AgreementVersion.agreement_id == agreement.id)
        ).one()
        return agreement.id, version.sha256


def put(floor: Floor, agreement_id: int, sha256: str, seller: bool, person: int = 0) -> Callable[[], Any]:
    who = floor.sellers[0] if seller else floor.buyers[person]
    return lambda: sign(
        db.session, who, agreement_id, sha256=sha256, typed_name="Ann Example", proof="password", settings=floor.settings,
        now=utc_now(),
    )  # fmt: skip


def events(object_type: str, object_id: int, *actions: str) -> int:
    wanted = sa.select(sa.func.count()).select_from(AuditEvent).where(
        AuditEvent.object_type == object_type, AuditEvent.object_id == str(object_id), AuditEvent.action.in_(actions)
    )  # fmt: skip
    return db.session.scalar(wanted) or 0


def test_an_offer_is_accepted_once_or_withdrawn_never_both(floor: Floor) -> None:
    for _ in range(ROUNDS):
        deal_id = placed(floor)

        def yes(deal_id: int = deal_id) -> Any:
            return accept(db.session, floor.sellers[0], deal_id, round_=1, now=utc_now())

        def back(deal_id: int = deal_id) -> Any:
            return withdraw(db.session, floor.buyers[0], deal_id, now=utc_now())

        found = at_once(floor, yes, yes, back)
        assert sorted(found) == ["done", "illegal_move", "illegal_move"]
        with floor.app.app_context():
            drawn_up = db.session.scalar(
                sa.select(sa.func.count()).select_from(Agreement).where(Agreement.deal_id == deal_id)
            )
            state = db.session.get_one(Deal, deal_id).state
            assert drawn_up == (1 if state == "agreed" else 0)
            assert events("deal", deal_id, "deal.accept", "deal.withdraw") == 1


def test_two_of_one_side_sign_once_and_a_revoked_document_is_never_concluded(floor: Floor) -> None:
    for _ in range(ROUNDS):
        agreement_id, sha256 = drawn(floor)
        ours = at_once(
            floor, put(floor, agreement_id, sha256, False), put(floor, agreement_id, sha256, False, 1)
        )
        assert sorted(word == "done" for word in ours) == [False, True]

        def back(agreement_id: int = agreement_id) -> Any:
            return revoke(db.session, floor.buyers[0], agreement_id, now=utc_now())

        found = at_once(floor, put(floor, agreement_id, sha256, True), back)
        assert sorted(word == "done" for word in found) == [False, True], found
        with floor.app.app_context():
            agreement = db.session.get_one(Agreement, agreement_id)
            version = db.session.scalars(
                sa.select(AgreementVersion).where(AgreementVersion.agreement_id == agreement_id)
            ).one()
            signed = db.session.scalar(
                sa.select(sa.func.count()).select_from(Signature).where(Signature.version_id == version.id)
            )
            granted = db.session.scalars(
                sa.select(Purchase).where(Purchase.agreement_id == agreement_id)
            ).all()
            if found[0] == "done":
                assert (agreement.state, version.state, signed, len(granted)) == ("concluded", "signed", 2, 1)
                # Room for the next round: one agreement a product and buyer.
                agreement.effective_until = utc_now()
                db.session.commit()
            else:
                assert (agreement.state, version.state, signed, len(granted)) == ("revoked", "revoked", 1, 0)
            assert events("agreement", agreement_id, "agreement.conclude", "agreement.revoke") == 1


def test_both_sides_sign_at_the_same_moment_and_the_agreement_is_concluded_once(floor: Floor) -> None:
    agreement_id, sha256 = drawn(floor)
    works = [put(floor, agreement_id, sha256, seller) for seller in (True, False)]
    found = at_once(floor, *works)
    # One may be told to look again; signing again then concludes.
    for word, work in zip(found, works, strict=True):
        if word != "done":
            assert at_once(floor, work) == ["done"]
    with floor.app.app_context():
        assert db.session.get_one(Agreement, agreement_id).state == "concluded"
        assert events("agreement", agreement_id, "agreement.conclude") == 1
        granted = db.session.scalars(sa.select(Purchase).where(Purchase.agreement_id == agreement_id)).all()
        assert len(granted) == 1
