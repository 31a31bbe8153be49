"""deals: requests for quotes, offers, agreements and their signatures; products derived by an agreement"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreement_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("clauses", sa.JSON(), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_template")),
        sa.UniqueConstraint("name", "number", name=op.f("uq_agreement_template_name_number")),
    )
    op.create_table(
        "trade_rule",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column(
            "second_person_above", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=True
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_trade_rule_company_id_company")
        ),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_trade_rule")),
    )
    op.create_table(
        "deal_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("from_state", sa.String(length=12), nullable=False),
        sa.Column("to_state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_deal_step_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_step")),
        sa.UniqueConstraint(
            "subject", "subject_id", "revision", name=op.f("uq_deal_step_subject_subject_id_revision")
        ),
    )
    op.create_table(
        "rfq",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("destinations", sa.JSON(), nullable=False),
        sa.Column("route_class", sa.String(length=16), nullable=False),
        sa.Column("minutes_month", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("target_rate", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=True),
        sa.Column("floors", sa.JSON(), nullable=False),
        sa.Column("audience", sa.String(length=8), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["company.id"], name=op.f("fk_rfq_buyer_id_company")),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_rfq_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rfq")),
    )
    with op.batch_alter_table("rfq", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rfq_buyer_id"), ["buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rfq_deadline"), ["deadline"], unique=False)
        batch_op.create_index(batch_op.f("ix_rfq_state"), ["state"], unique=False)

    op.create_table(
        "deal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rfq_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("turn", sa.String(length=6), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_of_two", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["company.id"], name=op.f("fk_deal_buyer_id_company")),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_deal_created_by_user")),
        sa.ForeignKeyConstraint(["first_of_two"], ["user.id"], name=op.f("fk_deal_first_of_two_user")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_deal_product_id_product")),
        sa.ForeignKeyConstraint(["rfq_id"], ["rfq.id"], name=op.f("fk_deal_rfq_id_rfq")),
        sa.ForeignKeyConstraint(["seller_id"], ["company.id"], name=op.f("fk_deal_seller_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal")),
    )
    with op.batch_alter_table("deal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deal_buyer_id"), ["buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deal_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deal_rfq_id"), ["rfq_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deal_seller_id"), ["seller_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deal_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_deal_valid_until"), ["valid_until"], unique=False)

    op.create_table(
        "rfq_invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rfq_id", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["rfq_id"], ["rfq.id"], name=op.f("fk_rfq_invitation_rfq_id_rfq")),
        sa.ForeignKeyConstraint(
            ["seller_id"], ["company.id"], name=op.f("fk_rfq_invitation_seller_id_company")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rfq_invitation")),
        sa.UniqueConstraint("rfq_id", "seller_id", name=op.f("uq_rfq_invitation_rfq_id_seller_id")),
    )
    with op.batch_alter_table("rfq_invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rfq_invitation_rfq_id"), ["rfq_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rfq_invitation_seller_id"), ["seller_id"], unique=False)

    op.create_table(
        "agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deal_id", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("trunk_ids", sa.JSON(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trial_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trial_verdict", sa.String(length=8), nullable=False),
        sa.Column("built_from", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["buyer_id"], ["company.id"], name=op.f("fk_agreement_buyer_id_company")),
        sa.ForeignKeyConstraint(["deal_id"], ["deal.id"], name=op.f("fk_agreement_deal_id_deal")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_agreement_product_id_product")),
        sa.ForeignKeyConstraint(["seller_id"], ["company.id"], name=op.f("fk_agreement_seller_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
        sa.UniqueConstraint("deal_id", name=op.f("uq_agreement_deal_id")),
    )
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_buyer_id"), ["buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_seller_id"), ["seller_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_trial_until"), ["trial_until"], unique=False)

    op.create_table(
        "agreement_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agreement_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("wished_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun", sa.Boolean(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreement.id"], name=op.f("fk_agreement_version_agreement_id_agreement")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["company.id"], name=op.f("fk_agreement_version_proposed_by_company")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["agreement_template.id"],
            name=op.f("fk_agreement_version_template_id_agreement_template"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_version")),
        sa.UniqueConstraint("agreement_id", "number", name=op.f("uq_agreement_version_agreement_id_number")),
    )
    with op.batch_alter_table("agreement_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_version_agreement_id"), ["agreement_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_version_state"), ["state"], unique=False)

    op.create_table(
        "agreement_signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("typed_name", sa.String(length=120), nullable=False),
        sa.Column("proof", sa.String(length=12), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("ip", sa.String(length=45), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_user_id", sa.Integer(), nullable=True),
        sa.Column("first_name", sa.String(length=120), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_agreement_signature_company_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["first_user_id"], ["user.id"], name=op.f("fk_agreement_signature_first_user_id_user")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_agreement_signature_user_id_user")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["agreement_version.id"],
            name=op.f("fk_agreement_signature_version_id_agreement_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_signature")),
        sa.UniqueConstraint("version_id", "side", name=op.f("uq_agreement_signature_version_id_side")),
    )
    with op.batch_alter_table("agreement_signature", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_signature_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agreement_signature_version_id"), ["version_id"], unique=False)

    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.add_column(sa.Column("derived_from", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_product_derived_from"), ["derived_from"], unique=False)

    with op.batch_alter_table("purchase", schema=None) as batch_op:
        batch_op.add_column(sa.Column("agreement_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_purchase_agreement_id"), ["agreement_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("purchase", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_purchase_agreement_id"))
        batch_op.drop_column("agreement_id")

    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_derived_from"))
        batch_op.drop_column("derived_from")

    op.drop_table("agreement_signature")
    op.drop_table("agreement_version")
    op.drop_table("agreement")
    op.drop_table("rfq_invitation")
    op.drop_table("deal")
    op.drop_table("rfq")
    op.drop_table("deal_step")
    op.drop_table("trade_rule")
    op.drop_table("agreement_template")
