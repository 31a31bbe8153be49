"""where the LRN of a trunk's calls comes from"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("customer_trunk", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lrn_sources", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("customer_trunk", schema=None) as batch_op:
        batch_op.drop_column("lrn_sources")
