"""Brings the database to the newest migration; one writer at a time."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent.parent / "migrations"
# Any fixed number: two processes that migrate one PostgreSQL wait for each other.
LOCK = 7_461_001


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def newest_revision() -> str | None:
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def current_revision(engine: sa.Engine) -> str | None:
    """The revision the database is at; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Run what is missing up to `revision`."""
    _run(engine, command.upgrade, revision)


def downgrade(engine: sa.Engine, revision: str) -> None:
    _run(engine, command.downgrade, revision)


def make_revision(engine: sa.Engine, message: str, revision_id: str) -> None:
    """Write a new migration file from the difference between models and database."""
    config = alembic_config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message=message, autogenerate=True, rev_id=revision_id)


def _run(engine: sa.Engine, verb: object, revision: str) -> None:
    config = alembic_config()
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
        if engine.dialect.name == "sqlite":
            # SQLite changes a column by making the table anew; the rows that point at it must not notice.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()
        config.attributes["connection"] = connection
        try:
            verb(config, revision)  # type: ignore[operator]
            connection.commit()
            if engine.dialect.name == "sqlite":
                torn = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if torn:
                    raise RuntimeError(f"the migration left rows that point nowhere: {torn[:5]}")
        finally:
            if engine.dialect.name == "sqlite":
                connection.rollback()
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")
                connection.commit()
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
                connection.commit()
