"""Migrations, exact money and the audit chain, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from apiflask import APIFlask

from app import migrate
from app.audit.models import AuditEvent
from app.audit.record import record
from app.audit.verify import verify_chain
from app.db import Base, Money, db
from app.security.models import User
from tests.factories.app import NOW, actor_for, login, make_app, make_company, make_user
from tests.isolation.tenants import make_purchase, make_tenant


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[APIFlask]:
    made = make_app(tmp_path, database_url)
    yield made
    with made.app_context():
        db.session.close()
        db.engine.dispose()


def test_migrations_go_down_to_nothing_and_up_again_to_the_models(app: APIFlask) -> None:
    with app.app_context():
        assert migrate.current_revision(db.engine) == migrate.newest_revision()
        migrate.downgrade(db.engine, "base")
        assert set(sa.inspect(db.engine).get_table_names()) <= {"alembic_version"}
        assert migrate.current_revision(db.engine) is None
        migrate.upgrade(db.engine)
        assert migrate.current_revision(db.engine) == migrate.newest_revision()
        with db.engine.connect() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        tables = [one for one in differences if one[0] in ("add_table", "add_column", "remove_column")]
        assert tables == []


def test_money_comes_back_to_the_last_of_nine_places(app: APIFlask) -> None:
    table = sa.Table("money_probe", sa.MetaData(), sa.Column("amount", Money()))
    amounts = [Decimal("0.000000001"), Decimal("9223372036.854775807"), Decimal("-0.1"), Decimal(0)]
    with app.app_context(), db.engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"amount": amount} for amount in amounts])
        assert list(connection.scalars(sa.select(table.c.amount))) == amounts
        table.drop(connection)


def test_writers_at_once_leave_one_unbroken_audit_chain(app: APIFlask) -> None:
    with app.app_context():
        company = make_company(db.session, sells=True)
        actor = actor_for(make_user(db.session, company), company)
    barrier = threading.Barrier(4)

    def write(writer: int) -> None:
        barrier.wait()
        for number in range(10):
            with app.app_context():
                record(
                    db.session, actor, action="deck.note", obj=("deck", writer), after={"n": number}, now=NOW
                )
                db.session.commit()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 40
        assert verify_chain(db.session) == []
        db.session.execute(sa.update(AuditEvent).where(AuditEvent.id == 20).values(actor="someone else"))
        db.session.commit()
        assert [fault.event_id for fault in verify_chain(db.session)] == [20]


def _held(engine: sa.Engine, tables: set[str]) -> dict[str, list[dict[str, object]]]:
    """Every row of these tables as the database has it."""
    found = sa.MetaData()
    found.reflect(engine, only=sorted(tables))
    with engine.connect() as connection:
        return {
            name: sorted(
                (dict(row._mapping) for row in connection.execute(sa.select(table))),
                key=lambda row: str(row.get("id", row)),
            )
            for name, table in found.tables.items()
        }


def test_what_an_exchange_without_deals_holds_survives_the_way_up(app: APIFlask) -> None:
    """From 0009, the last revision before people signed up by themselves: no row is lost, no field changed."""
    with app.app_context():
        files = app.config["TANDEM"].files_dir
        seller, buyer = (make_tenant(db.session, name, files) for name in ("Alpha", "Beta"))
        make_purchase(db.session, seller, buyer)
        owner_id, secret = seller.people["owner"].id, seller.secret
        db.session.commit()
        db.session.close()
        migrate.downgrade(db.engine, "0009")
        tables = set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}
        before = _held(db.engine, tables)
        assert {
            "company",
            "user",
            "api_key",
            "product",
            "purchase",
            "deck",
            "call_record",
            "audit_event",
        } <= tables
        assert all(before[name] for name in ("company", "user", "api_key", "purchase", "deck", "call_record"))
        migrate.upgrade(db.engine)
        after = _held(db.engine, tables)
        for name, rows in before.items():
            kept = [{field: row[field] for field in old} for old, row in zip(rows, after[name], strict=True)]
            assert kept == rows, name
        # Who could come in before comes in now, and the key still opens the API.
        owner = db.session.get_one(User, owner_id)
        assert login(app.test_client(), owner).get("/products").status_code == 200
        asked = app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
        assert asked.status_code == 200
