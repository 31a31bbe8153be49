"""number files keep their rows, for decks priced by OCN or LATA"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("number_file", schema=None) as batch_op:
        batch_op.add_column(sa.Column("table_key", sa.String(length=80), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("number_file", schema=None) as batch_op:
        batch_op.drop_column("table_key")
