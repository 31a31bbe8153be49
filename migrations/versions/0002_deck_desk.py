"""deck desk: carrier rules, arrivals, traffic, outbox, rate notices"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deck_policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("auto_accept", sa.JSON(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("senders", sa.JSON(), nullable=False),
        sa.Column("acd_seconds", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_deck_policy_company_id_company")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deck_policy")),
        sa.UniqueConstraint("company_id", name=op.f("uq_deck_policy_company_id")),
    )
    op.create_table(
        "outbox_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=120), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("in_reply_to", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_outbox_mail_company_id_company")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_mail")),
        sa.UniqueConstraint("mark", name=op.f("uq_outbox_mail_mark")),
    )
    with op.batch_alter_table("outbox_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_mail_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_mail_state"), ["state"], unique=False)

    op.create_table(
        "rate_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changes_key", sa.String(length=80), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("first_change", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Integer(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["acknowledged_by"], ["user.id"], name=op.f("fk_rate_notice_acknowledged_by_user")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["company.id"], name=op.f("fk_rate_notice_buyer_id_company")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_rate_notice_product_id_product")
        ),
        sa.ForeignKeyConstraint(["seller_id"], ["company.id"], name=op.f("fk_rate_notice_seller_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_notice")),
        sa.UniqueConstraint(
            "product_id", "version", "buyer_id", name=op.f("uq_rate_notice_product_id_version_buyer_id")
        ),
    )
    with op.batch_alter_table("rate_notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rate_notice_buyer_id"), ["buyer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rate_notice_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rate_notice_seller_id"), ["seller_id"], unique=False)

    op.create_table(
        "traffic_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_traffic_day_company_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_traffic_day_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traffic_day")),
        sa.UniqueConstraint("product_id", "day", "code", name=op.f("uq_traffic_day_product_id_day_code")),
    )
    with op.batch_alter_table("traffic_day", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_traffic_day_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_traffic_day_product_id"), ["product_id"], unique=False)

    op.create_table(
        "arrival",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_key", sa.String(length=120), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("deck_id", sa.Integer(), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_arrival_company_id_company")),
        sa.ForeignKeyConstraint(["deck_id"], ["deck.id"], name=op.f("fk_arrival_deck_id_deck")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
        sa.UniqueConstraint("way", "mark", name=op.f("uq_arrival_way_mark")),
    )
    with op.batch_alter_table("arrival", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_arrival_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrival_deck_id"), ["deck_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_arrival_state"), ["state"], unique=False)

    with op.batch_alter_table("deck", schema=None) as batch_op:
        batch_op.add_column(sa.Column("profile", sa.JSON(), nullable=False, server_default="[]"))

    with op.batch_alter_table("deck_template", schema=None) as batch_op:
        batch_op.add_column(sa.Column("columns", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("used", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("deck_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("seconded_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("rule", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("deck_version", schema=None) as batch_op:
        batch_op.drop_column("rule")
        batch_op.drop_column("seconded_by")

    with op.batch_alter_table("deck_template", schema=None) as batch_op:
        batch_op.drop_column("used_at")
        batch_op.drop_column("used")
        batch_op.drop_column("columns")

    with op.batch_alter_table("deck", schema=None) as batch_op:
        batch_op.drop_column("profile")

    with op.batch_alter_table("arrival", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_arrival_state"))
        batch_op.drop_index(batch_op.f("ix_arrival_deck_id"))
        batch_op.drop_index(batch_op.f("ix_arrival_company_id"))

    op.drop_table("arrival")
    with op.batch_alter_table("traffic_day", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_traffic_day_product_id"))
        batch_op.drop_index(batch_op.f("ix_traffic_day_company_id"))

    op.drop_table("traffic_day")
    with op.batch_alter_table("rate_notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rate_notice_seller_id"))
        batch_op.drop_index(batch_op.f("ix_rate_notice_product_id"))
        batch_op.drop_index(batch_op.f("ix_rate_notice_buyer_id"))

    op.drop_table("rate_notice")
    with op.batch_alter_table("outbox_mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_mail_state"))
        batch_op.drop_index(batch_op.f("ix_outbox_mail_company_id"))

    op.drop_table("outbox_mail")
    op.drop_table("deck_policy")
