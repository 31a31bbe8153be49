"""agreement months: statement and kept promises of each calendar month

Revision ID: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreement_month",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("statement", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_month_agreement_id_agreement")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_month")),
        sa.UniqueConstraint("agreement_id", "month", name=op.f("uq_agreement_month_agreement_id_month")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_agreement_month_agreement_id"), "agreement_month", ["agreement_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("agreement_month")
