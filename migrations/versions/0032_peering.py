"""peering: offers to end each other's calls, and the other direction of an agreement"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "peering_offer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("settlement", sa.String(length=16), nullable=False),
        sa.Column("ratio", sa.String(length=12), nullable=False),
        sa.Column("rate", sa.String(length=24), nullable=False),
        sa.Column("judged_from_minutes", sa.BigInteger(), nullable=False),
        sa.Column("brings", sa.JSON(), nullable=False),
        sa.Column("wants", sa.JSON(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=True),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("term_months", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_peering_offer_company_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_peering_offer_product_id_product")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_peering_offer_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_peering_offer")),
    )
    with op.batch_alter_table("peering_offer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_peering_offer_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_peering_offer_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_peering_offer_state"), ["state"], unique=False)
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("back_product_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("back_trunk_ids", sa.JSON(), server_default="[]", nullable=False))
        batch_op.create_foreign_key(
            batch_op.f("fk_agreement_back_product_id_product"), "product", ["back_product_id"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_agreement_back_product_id"), ["back_product_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agreement_back_product_id"))
        batch_op.drop_constraint(batch_op.f("fk_agreement_back_product_id_product"), type_="foreignkey")
        batch_op.drop_column("back_trunk_ids")
        batch_op.drop_column("back_product_id")
    op.drop_table("peering_offer")
