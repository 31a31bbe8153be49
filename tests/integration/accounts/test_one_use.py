"""Two workers at one invitation, one approval, one founding: one of them acts, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from apiflask import APIFlask

from app.accounts.service.accept_invitation import join_with_new_account, open_invitation
from app.accounts.service.found_company import found_company
from app.accounts.service.invite import invite
from app.accounts.service.review_company import decide_company
from app.carriers.models import Company
from app.carriers.service.manage_people import set_role
from app.db import db
from app.errors import Conflict, DomainError
from app.security.models import User
from app.security.one_use import HashedRecoveryCodes
from tests.factories.app import NOW, actor_for, make_app, make_company, make_user


def at_once(app: APIFlask, act: Callable[[int], object]) -> list[str]:
    """What became of two who act together: 'done' or the code of the refusal."""
    barrier, results = threading.Barrier(2), []

    def work(number: int) -> None:
        with app.app_context():
            barrier.wait()
            try:
                act(number)
                db.session.commit()
                results.append("done")
            except DomainError as fault:
                db.session.rollback()
                results.append(fault.code)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def test_of_two_at_once_one_acts(tmp_path: Path, database_url: str) -> None:
    app = make_app(tmp_path, database_url)
    mail = app.config["TANDEM"].mail
    tokens: list[str] = []
    with app.app_context():
        company = make_company(db.session, "Acme", sells=True)
        operator = make_company(db.session, "Exchange", is_operator=True)
        owner = actor_for(make_user(db.session, company), company)
        boss = actor_for(make_user(db.session, operator, "operator"), operator)

        def link(token: str) -> str:
            tokens.append(token)
            return f"http://x/{token}"

        invite(db.session, owner, email="a@b.example", role="viewer", link=link, settings=mail, now=NOW)
        db.session.commit()
        company_id = company.id

    def join(number: int) -> None:
        found = open_invitation(db.session, tokens[0], now=NOW)
        join_with_new_account(db.session, found, name=f"A{number}", password="x" * 12, ip=None, now=NOW)

    results = at_once(app, join)
    assert results.count("done") == 1, results
    for _ in range(5):
        with app.app_context():
            db.session.get_one(Company, company_id).status = "submitted"
            db.session.commit()
        results = at_once(
            app,
            lambda n: decide_company(
                db.session, boss, company_id, approve=n == 0, note="x", settings=mail, now=NOW
            ),
        )
        assert results == ["conflict", "done"]
    with app.app_context():
        person = make_user(db.session, db.session.get_one(Company, company_id), "viewer", "solo@b.example")
        person.company_id = None
        db.session.commit()
        person_id = person.id
    results = at_once(
        app,
        lambda n: found_company(
            db.session, db.session.get_one(User, person_id), name="Solo", country="IE", currency="EUR", sells=True,
            buys=False, ip=None, now=NOW,
        ),
    )  # fmt: skip
    assert results.count("done") == 1, results


def test_of_two_with_one_code_one_gets_in(tmp_path: Path, database_url: str) -> None:
    app = make_app(tmp_path, database_url)
    with app.app_context():
        person = make_user(db.session, make_company(db.session, "Acme", sells=True))
        factory = app.extensions["security"]._totp_factory
        secret = factory.generate_totp_secret()
        person.tf_primary_method, person.tf_totp_secret = "authenticator", secret
        db.session.commit()
        person_id = person.id

    def enter(code: str) -> None:
        user = db.session.get_one(User, person_id)
        if not factory.verify_totp(token=code, totp_secret=user.tf_totp_secret, user=user, window=30):
            raise Conflict("refused")

    for _ in range(10):
        with app.app_context():
            db.session.get_one(User, person_id).tf_last_counter = None
            db.session.commit()
            made = factory._totp.from_json(secret).generate()
        results = at_once(app, lambda _number, code=made.token: enter(code))
        # On a machine that stood still the code has run out: then nobody gets in.
        assert results == ["conflict", "done"] or time.time() > made.expire_time, results


def test_of_two_with_one_recovery_code_one_gets_in(tmp_path: Path, database_url: str) -> None:
    app = make_app(tmp_path, database_url)
    codes = HashedRecoveryCodes(app)
    with app.app_context():
        person = make_user(db.session, make_company(db.session, "Acme", sells=True))
        made = codes.create_recovery_codes(person)
        db.session.commit()
        person_id = person.id

    def enter(code: str) -> None:
        user = db.session.get_one(User, person_id)
        if not codes.check_recovery_code(user, code):
            raise Conflict("refused")
        codes.delete_recovery_code(user, code)

    for code in made:
        assert at_once(app, lambda _number, code=code: enter(code)) == ["conflict", "done"]
    with app.app_context():
        assert db.session.get_one(User, person_id).mf_recovery_codes == []


def test_two_owners_who_take_each_others_role_leave_one_owner(tmp_path: Path, database_url: str) -> None:
    app = make_app(tmp_path, database_url)
    with app.app_context():
        company = make_company(db.session, "Acme", sells=True)
        owners = [make_user(db.session, company, "owner", f"o{number}@acme.example") for number in range(2)]
        actors = [actor_for(owner, company) for owner in owners]
        ids = [owner.id for owner in owners]
    for _ in range(5):
        results = at_once(app, lambda n: set_role(db.session, actors[n], ids[1 - n], "viewer", now=NOW))
        assert results == ["conflict", "done"]
        with app.app_context():
            left = [u for u in db.session.scalars(sa.select(User)) if u.roles[0].name == "owner"]
            assert len(left) == 1
            for identity in ids:
                set_role(db.session, actors[0], identity, "owner", now=NOW)
            db.session.commit()
