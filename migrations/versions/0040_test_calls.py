"""test calls: calls with events, media and files, tickets, schedules, our own numbers, what may be spent

Revision ID: 0040
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_number",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=15), nullable=False),
        sa.Column("country", sa.String(length=3), nullable=False),
        sa.Column("national_prefix", sa.String(length=4), nullable=False),
        sa.Column("international_prefix", sa.String(length=4), nullable=False),
        sa.Column("ring_ms", sa.Integer(), nullable=False),
        sa.Column("talk_seconds", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("busy_ref", sa.String(length=64), nullable=True),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_number")),
        sa.UniqueConstraint("number", name=op.f("uq_own_number_number")),
    )
    op.create_table(
        "test_log_cursor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("directory", sa.String(length=400), nullable=False),
        sa.Column("file", sa.String(length=80), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_log_cursor")),
        sa.UniqueConstraint("directory", name=op.f("uq_test_log_cursor_directory")),
    )
    op.create_table(
        "test_opened_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_test_opened_code_company_id_company")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_opened_code")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_test_opened_code_company_id_code")),
    )
    with op.batch_alter_table("test_opened_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_opened_code_company_id"), ["company_id"], unique=False)

    op.create_table(
        "test_spend_cap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("day_cap", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_test_spend_cap_company_id_company")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_spend_cap")),
        sa.UniqueConstraint("company_id", name=op.f("uq_test_spend_cap_company_id")),
    )
    op.create_table(
        "test_spend_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reserved", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=False),
        sa.Column("spent", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_test_spend_day_company_id_company")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_spend_day")),
        sa.UniqueConstraint("company_id", "day", name=op.f("uq_test_spend_day_company_id_day")),
    )
    with op.batch_alter_table("test_spend_day", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_spend_day_company_id"), ["company_id"], unique=False)

    op.create_table(
        "test_schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("product_ids", sa.JSON(), nullable=False),
        sa.Column("number", sa.String(length=15), nullable=False),
        sa.Column("caller", sa.String(length=15), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("every_minutes", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("last_batch", sa.String(length=32), nullable=False),
        sa.Column("last_fault", sa.String(length=300), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_test_schedule_company_id_company")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_test_schedule_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_schedule")),
    )
    with op.batch_alter_table("test_schedule", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_schedule_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_schedule_next_at"), ["next_at"], unique=False)

    op.create_table(
        "test_ticket",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Integer(), nullable=False),
        sa.Column("issuer_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("trunk_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("max_calls", sa.Integer(), nullable=False),
        sa.Column("max_concurrent", sa.Integer(), nullable=False),
        sa.Column("max_seconds", sa.Integer(), nullable=False),
        sa.Column("total_seconds", sa.Integer(), nullable=False),
        sa.Column("max_rate", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=True),
        sa.Column("spend", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=False),
        sa.Column("used_calls", sa.Integer(), nullable=False),
        sa.Column("used_seconds", sa.Integer(), nullable=False),
        sa.Column("used_spend", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=False),
        sa.Column("guarded", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_test_ticket_company_id_company")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_test_ticket_created_by_user")),
        sa.ForeignKeyConstraint(["issuer_id"], ["company.id"], name=op.f("fk_test_ticket_issuer_id_company")),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_test_ticket_product_id_product")
        ),
        sa.ForeignKeyConstraint(["seller_id"], ["company.id"], name=op.f("fk_test_ticket_seller_id_company")),
        sa.ForeignKeyConstraint(
            ["trunk_id"], ["customer_trunk.id"], name=op.f("fk_test_ticket_trunk_id_customer_trunk")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_ticket")),
        sa.UniqueConstraint("code", name=op.f("uq_test_ticket_code")),
    )
    with op.batch_alter_table("test_ticket", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_ticket_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_ticket_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_ticket_issuer_id"), ["issuer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_ticket_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_ticket_seller_id"), ["seller_id"], unique=False)

    op.create_table(
        "test_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("schedule_id", sa.Integer(), nullable=True),
        sa.Column("ordered_by", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=15), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("destination", sa.String(length=120), nullable=False),
        sa.Column("caller", sa.String(length=15), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("wishes", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reserved", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=False),
        sa.Column("cost", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=True),
        sa.Column("cost_base", sa.Numeric(20, 9).with_variant(sa.BigInteger(), "sqlite"), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("sip_code", sa.Integer(), nullable=True),
        sa.Column("phrase", sa.String(length=80), nullable=False),
        sa.Column("cause", sa.Integer(), nullable=True),
        sa.Column("released_by", sa.String(length=16), nullable=False),
        sa.Column("pdd_ms", sa.Integer(), nullable=True),
        sa.Column("ringing_ms", sa.Integer(), nullable=True),
        sa.Column("answered_ms", sa.Integer(), nullable=True),
        sa.Column("talk_ms", sa.Integer(), nullable=True),
        sa.Column("mos_milli", sa.Integer(), nullable=True),
        sa.Column("mos_estimated", sa.Boolean(), nullable=False),
        sa.Column("loss_ppm", sa.Integer(), nullable=True),
        sa.Column("jitter_us", sa.Integer(), nullable=True),
        sa.Column("cli", sa.String(length=12), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("finding", sa.String(length=20), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_test_call_company_id_company")),
        sa.ForeignKeyConstraint(["ordered_by"], ["user.id"], name=op.f("fk_test_call_ordered_by_user")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_test_call_product_id_product")),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["test_schedule.id"],
            name=op.f("fk_test_call_schedule_id_test_schedule"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["seller_id"], ["company.id"], name=op.f("fk_test_call_seller_id_company")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["test_ticket.id"], name=op.f("fk_test_call_ticket_id_test_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_call")),
        sa.UniqueConstraint("ref", name=op.f("uq_test_call_ref")),
    )
    with op.batch_alter_table("test_call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_call_batch"), ["batch"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_call_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_call_ended_at"), ["ended_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_call_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_call_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_call_seller_id"), ["seller_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_call_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_test_call_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "test_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=1), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["test_call.id"], name=op.f("fk_test_event_call_id_test_call"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_event")),
        sa.UniqueConstraint("call_id", "n", name=op.f("uq_test_event_call_id_n")),
    )
    with op.batch_alter_table("test_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_event_call_id"), ["call_id"], unique=False)

    op.create_table(
        "test_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=1), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["test_call.id"], name=op.f("fk_test_file_call_id_test_call"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_file")),
        sa.UniqueConstraint("call_id", "side", "kind", name=op.f("uq_test_file_call_id_side_kind")),
    )
    with op.batch_alter_table("test_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_file_call_id"), ["call_id"], unique=False)

    op.create_table(
        "test_media",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=1), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["test_call.id"], name=op.f("fk_test_media_call_id_test_call"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_media")),
        sa.UniqueConstraint("call_id", "side", name=op.f("uq_test_media_call_id_side")),
    )
    with op.batch_alter_table("test_media", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_test_media_call_id"), ["call_id"], unique=False)

    with op.batch_alter_table("quality_counter", schema=None) as batch_op:
        batch_op.add_column(sa.Column("suspected", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("cli_samples", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("cli_kept", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("quality_counter", schema=None) as batch_op:
        for name in ("cli_kept", "cli_samples", "suspected"):
            batch_op.drop_column(name)
    for table in (
        "test_media",
        "test_file",
        "test_event",
        "test_call",
        "test_ticket",
        "test_schedule",
        "test_spend_day",
        "test_spend_cap",
        "test_opened_code",
        "test_log_cursor",
        "own_number",
    ):
        op.drop_table(table)
