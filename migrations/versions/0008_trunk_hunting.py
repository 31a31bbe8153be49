"""a customer's trunk may have its own words on hunting"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("customer_trunk", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hunt", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("customer_trunk", schema=None) as batch_op:
        batch_op.drop_column("hunt")
