"""call records, their sums and quarantine; traffic by pair; durations and quality for routing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "talk_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("length_class", sa.Integer(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talk_day")),
        sa.UniqueConstraint("day", "code", "length_class", name=op.f("uq_talk_day_day_code_length_class")),
    )
    with op.batch_alter_table("talk_day", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_talk_day_day"), ["day"], unique=False)
    op.create_table(
        "call_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("answered", sa.BigInteger(), nullable=False),
        sa.Column("effective", sa.BigInteger(), nullable=False),
        sa.Column("short_calls", sa.BigInteger(), nullable=False),
        sa.Column("talk_ms", sa.BigInteger(), nullable=False),
        sa.Column("pdd_ms_sum", sa.BigInteger(), nullable=False),
        sa.Column("pdd_samples", sa.BigInteger(), nullable=False),
        sa.Column("talk_seconds", sa.BigInteger(), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cost_base_nanos", sa.BigInteger(), nullable=False),
        sa.Column("sell_base_nanos", sa.BigInteger(), nullable=False),
        sa.Column("margin_base_nanos", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_call_day_company_id_company")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_call_day_product_id_product")),
        sa.ForeignKeyConstraint(["seller_id"], ["company.id"], name=op.f("fk_call_day_seller_id_company")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_day")),
        sa.UniqueConstraint(
            "day", "company_id", "product_id", "code", name=op.f("uq_call_day_day_company_id_product_id_code")
        ),
    )
    with op.batch_alter_table("call_day", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_day_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_day_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_day_seller_id"), ["seller_id"], unique=False)
    op.create_table(
        "call_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_key", sa.String(length=120), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("trunk_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.String(length=64), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_call_import_company_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_call_import_product_id_product")
        ),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["customer_trunk.id"], name=op.f("fk_call_import_trunk_id_customer_trunk")
        ),
        sa.ForeignKeyConstraint(["uploaded_by"], ["user.id"], name=op.f("fk_call_import_uploaded_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_import")),
    )
    with op.batch_alter_table("call_import", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_import_company_id"), ["company_id"], unique=False)
    op.create_table(
        "quality_delta",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("effective", sa.Integer(), nullable=False),
        sa.Column("talk_ms", sa.BigInteger(), nullable=False),
        sa.Column("pdd_ms_sum", sa.BigInteger(), nullable=False),
        sa.Column("pdd_samples", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_quality_delta_product_id_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_delta")),
        sa.UniqueConstraint(
            "product_id", "code", "minute", name=op.f("uq_quality_delta_product_id_code_minute")
        ),
    )
    with op.batch_alter_table("quality_delta", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quality_delta_product_id"), ["product_id"], unique=False)
    op.create_table(
        "call_quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("detail", sa.String(length=240), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("trunk_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("settled", sa.String(length=12), nullable=False),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_call_quarantine_company_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["call_import.id"], name=op.f("fk_call_quarantine_import_id_call_import")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_call_quarantine_product_id_product")
        ),
        sa.ForeignKeyConstraint(["settled_by"], ["user.id"], name=op.f("fk_call_quarantine_settled_by_user")),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["customer_trunk.id"], name=op.f("fk_call_quarantine_trunk_id_customer_trunk")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_quarantine")),
        sa.UniqueConstraint("company_id", "mark", name=op.f("uq_call_quarantine_company_id_mark")),
    )
    with op.batch_alter_table("call_quarantine", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_quarantine_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_quarantine_import_id"), ["import_id"], unique=False)
    op.create_table(
        "call_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("trunk_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("sip_code", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("dnis", sa.String(length=15), nullable=False),
        sa.Column("ani", sa.String(length=64), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("destination", sa.String(length=160), nullable=False),
        sa.Column("cost_currency", sa.String(length=3), nullable=False),
        sa.Column("cost_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cost_base_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cost_rate_nanos", sa.BigInteger(), nullable=False),
        sa.Column("cost_billed", sa.Integer(), nullable=False),
        sa.Column("deck_id", sa.BigInteger(), nullable=False),
        sa.Column("deck_row", sa.Integer(), nullable=False),
        sa.Column("sell_currency", sa.String(length=3), nullable=True),
        sa.Column("sell_nanos", sa.BigInteger(), nullable=True),
        sa.Column("sell_rate_nanos", sa.BigInteger(), nullable=True),
        sa.Column("sell_billed", sa.Integer(), nullable=True),
        sa.Column("margin_nanos", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_call_record_company_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["call_import.id"], name=op.f("fk_call_record_import_id_call_import")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_call_record_product_id_product")
        ),
        sa.ForeignKeyConstraint(["seller_id"], ["company.id"], name=op.f("fk_call_record_seller_id_company")),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["customer_trunk.id"], name=op.f("fk_call_record_trunk_id_customer_trunk")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_record")),
        sa.UniqueConstraint(
            "company_id", "identity", "version", name=op.f("uq_call_record_company_id_identity_version")
        ),
    )
    with op.batch_alter_table("call_record", schema=None) as batch_op:
        batch_op.create_index("ix_call_record_company_start", ["company_id", "start_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_record_import_id"), ["import_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_call_record_product_id"), ["product_id"], unique=False)
        batch_op.create_index("ix_call_record_seller_start", ["seller_id", "start_at"], unique=False)
    with op.batch_alter_table("traffic_day", schema=None) as batch_op:
        batch_op.add_column(sa.Column("buyer_id", sa.Integer(), server_default="0", nullable=False))
        batch_op.drop_constraint(batch_op.f("uq_traffic_day_product_id_day_code"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_traffic_day_product_id_day_code_buyer_id"),
            ["product_id", "day", "code", "buyer_id"],
        )


def downgrade() -> None:
    op.execute("DELETE FROM traffic_day WHERE buyer_id > 0")
    with op.batch_alter_table("traffic_day", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_traffic_day_product_id_day_code_buyer_id"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_traffic_day_product_id_day_code"), ["product_id", "day", "code"]
        )
        batch_op.drop_column("buyer_id")
    with op.batch_alter_table("call_record", schema=None) as batch_op:
        batch_op.drop_index("ix_call_record_seller_start")
        batch_op.drop_index(batch_op.f("ix_call_record_product_id"))
        batch_op.drop_index(batch_op.f("ix_call_record_import_id"))
        batch_op.drop_index("ix_call_record_company_start")
    op.drop_table("call_record")
    with op.batch_alter_table("call_quarantine", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_quarantine_import_id"))
        batch_op.drop_index(batch_op.f("ix_call_quarantine_company_id"))
    op.drop_table("call_quarantine")
    with op.batch_alter_table("quality_delta", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quality_delta_product_id"))
    op.drop_table("quality_delta")
    with op.batch_alter_table("call_import", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_import_company_id"))
    op.drop_table("call_import")
    with op.batch_alter_table("call_day", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_day_seller_id"))
        batch_op.drop_index(batch_op.f("ix_call_day_product_id"))
        batch_op.drop_index(batch_op.f("ix_call_day_company_id"))
    op.drop_table("call_day")
    with op.batch_alter_table("talk_day", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_talk_day_day"))
    op.drop_table("talk_day")
