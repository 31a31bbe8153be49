"""The database: base class, column types with exact money and UTC time, one session maker.

Money is NUMERIC(20, 9) on PostgreSQL and an integer of nanos on SQLite (which has no decimals);
Python always sees `Decimal`. Instants are aware UTC everywhere.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

NANOS = Decimal(1_000_000_000)


class Money(sa.types.TypeDecorator[Decimal]):
    """Exact amount with nine places."""

    impl = sa.Numeric(20, 9)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(20, 9))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        nanos = value * NANOS
        if nanos != nanos.to_integral_value():
            raise ValueError(f"{value} has more than nine decimals")
        return int(nanos)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        return Decimal(value) / NANOS if dialect.name == "sqlite" else Decimal(value)


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware UTC instant; naive values are refused rather than guessed."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Declarative base of every model; constraint names are fixed so that migrations can name them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # Python type -> column type; Json columns are declared where they stand.
    type_annotation_map = {
        Decimal: Money(),
        dict[str, Any]: sa.JSON(),
        list[str]: sa.JSON(),
        list[dict[str, Any]]: sa.JSON(),
    }


class Timestamped:
    """Mixin: when the row came into being."""

    created_at: Mapped[datetime] = mapped_column(UtcDateTime(), nullable=False)


db = SQLAlchemy(session_options={"expire_on_commit": False})


def is_gone(fault: BaseException) -> bool:
    """The database cannot be reached, or cut the connection off: nobody's fault, and worth another try."""
    return isinstance(fault, sa.exc.DBAPIError) and (fault.connection_invalidated or fault.statement is None)


def is_passing(fault: BaseException) -> bool:
    """The database is gone, or too busy for this one transaction (a lock waited for in vain, a deadlock): the same again may do."""
    if is_gone(fault):
        return True
    if not isinstance(fault, sa.exc.OperationalError):
        return False
    # 40001 serialization, 40P01 deadlock, 55P03 lock not available
    code = getattr(fault.orig, "sqlstate", None)
    return code in ("40001", "40P01", "55P03") or "database is locked" in str(fault.orig)


@event.listens_for(sa.Engine, "connect")
def _tune_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets pages read while the worker writes; foreign keys are off in SQLite unless asked for."""
    if connection.__class__.__module__.startswith("sqlite3"):
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=15000")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()


def add_up(
    session: Session, table: sa.FromClause, keys: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows of counts; where a row with the same unique `keys` stands, add to it, in one statement that cannot race.

    All rows name the same columns; those beside `keys` and foreign keys must be numbers."""
    if not rows:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)  # type: ignore[arg-type]
    numbers = {
        name: table.c[name] + statement.excluded[name]
        for name in rows[0]
        if name not in keys and not table.c[name].foreign_keys
    }
    session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=numbers), list(rows))
