"""routing stops; what a product's routes can do"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "routing_stop",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=15), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["set_by"], ["user.id"], name=op.f("fk_routing_stop_set_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_stop")),
        sa.UniqueConstraint("kind", "target_id", "code", name=op.f("uq_routing_stop_kind")),
    )
    with op.batch_alter_table("routing_stop", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_routing_stop_target_id"), ["target_id"], unique=False)
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.add_column(sa.Column("routing", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.drop_column("routing")
    op.drop_table("routing_stop")
