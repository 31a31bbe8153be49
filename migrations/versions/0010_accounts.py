"""sign-up and onboarding: sessions, invitations, papers, reviews, new roles, networks of keys"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ROLES = {"noc": "Trunks and routing questions", "finance": "Reports, amounts, audit log"}


def _company() -> sa.Column[int]:
    return sa.Column("company_id", sa.Integer(), sa.ForeignKey("company.id"), nullable=False, index=True)


def _person(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), sa.ForeignKey("user.id"), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("user") as batch_op:
        batch_op.alter_column("company_id", existing_type=sa.Integer(), nullable=True)
        batch_op.add_column(sa.Column("tf_last_counter", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.alter_column("company_id", existing_type=sa.Integer(), nullable=True)
    with op.batch_alter_table("api_key") as batch_op:
        batch_op.add_column(sa.Column("ip_list", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("company") as batch_op:
        batch_op.add_column(sa.Column("sample", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "user_session",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("user_id", sa.Integer(), sa.ForeignKey("user.id"), nullable=False, index=True),
        sa.Column("token_sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(40), nullable=False),
        sa.Column("ip", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("authn", sa.String(60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), primary_key=True),
        _company(),
        sa.Column("email", sa.String(254), nullable=False, index=True),
        sa.Column("role", sa.String(40), nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False, unique=True),
        _person("invited_by"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        _person("accepted_by"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "company_paper",
        sa.Column("id", sa.Integer(), primary_key=True),
        _company(),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("filename", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        _person("uploaded_by"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "company_review",
        sa.Column("id", sa.Integer(), primary_key=True),
        _company(),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        _person("submitted_by"),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        _person("decided_by"),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_table(
        "terms_acceptance",
        sa.Column("id", sa.Integer(), primary_key=True),
        _company(),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        sa.Column("typed_name", sa.String(120), nullable=False),
        _person("user_id", nullable=False),
        sa.Column("ip", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    connection = op.get_bind()
    role = sa.table("role", sa.column("name", sa.String), sa.column("description", sa.String))
    known = set(connection.scalars(sa.select(role.c.name)))
    for name, text in ROLES.items():
        if name not in known:
            connection.execute(sa.insert(role).values(name=name, description=text))
    # Accounts made before addresses were confirmed were made by hand.
    user = sa.table("user", sa.column("confirmed_at", sa.DateTime))
    connection.execute(
        sa.update(user).where(user.c.confirmed_at.is_(None)).values(confirmed_at=sa.func.current_timestamp())
    )


def downgrade() -> None:
    """Refuses where people without a company, or private mails, would have no place."""
    for table in ("terms_acceptance", "company_review", "company_paper", "invitation", "user_session"):
        op.drop_table(table)
    with op.batch_alter_table("company") as batch_op:
        batch_op.drop_column("sample")
    with op.batch_alter_table("api_key") as batch_op:
        batch_op.drop_column("ip_list")
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.alter_column("company_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("user") as batch_op:
        batch_op.drop_column("tf_last_counter")
        batch_op.alter_column("company_id", existing_type=sa.Integer(), nullable=False)
