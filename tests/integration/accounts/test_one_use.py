"""Two workers at one invitation, one approval, one founding: one of them acts, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from apiflask import APIFlask

from app.accounts.service.accept_invitation import join_with_new_account, open_invitation
from app.accounts.service.found_company import found_company
from app.accounts.service.invite import invite
from app.accounts.service.review_company import decide_company
from app.carriers.models import Company
from app.db import db
from app.errors import DomainError
from app.security.models import User
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
