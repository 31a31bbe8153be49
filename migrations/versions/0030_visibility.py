"""visibility: who sees a listing, and the companies invited to one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("visibility", sa.String(length=12), server_default="public", nullable=False)
        )
        batch_op.create_index(batch_op.f("ix_product_visibility"), ["visibility"], unique=False)
    op.create_table(
        "listing_invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_listing_invitation_company_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_listing_invitation_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_invitation")),
        sa.UniqueConstraint("product_id", "company_id", name=op.f("uq_listing_invitation_product_id_company_id")),
    )  # fmt: skip
    for column in ("product_id", "company_id"):
        op.create_index(op.f(f"ix_listing_invitation_{column}"), "listing_invitation", [column], unique=False)


def downgrade() -> None:
    op.drop_table("listing_invitation")
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_visibility"))
        batch_op.drop_column("visibility")
