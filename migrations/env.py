"""Alembic's environment. The engine comes from app.migrate, never from an ini file."""

from alembic import context
from sqlalchemy.engine import Connection

from app.db import Base
from app.factory import load_models

load_models()


def render_item(kind: str, value: object, _context: object) -> str | bool:
    """Column types of ours and of Flask-Security as plain SQLAlchemy, so that old migrations never change."""
    name = type(value).__name__
    if kind == "type" and name == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    if kind == "type" and name == "AsaList":
        return "sa.Text()"
    if kind == "type" and name == "Money":
        return "sa.Numeric(20, 9).with_variant(sa.BigInteger(), 'sqlite')"
    return False


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=Base.metadata, render_as_batch=True, render_item=render_item,
    compare_type=True, transaction_per_migration=True,
)  # fmt: skip
with context.begin_transaction():
    context.run_migrations()
