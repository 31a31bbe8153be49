"""what was remembered for a deck, by whom and when it was confirmed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deck", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remembered", sa.JSON(), server_default="{}", nullable=False))
    with op.batch_alter_table("deck_policy", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answered", sa.JSON(), server_default="{}", nullable=False))
    with op.batch_alter_table("deck_template", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kept_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key("fk_deck_template_kept_by_user", "user", ["kept_by"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("deck_template", schema=None) as batch_op:
        batch_op.drop_constraint("fk_deck_template_kept_by_user", type_="foreignkey")
        batch_op.drop_column("kept_at")
        batch_op.drop_column("kept_by")
    with op.batch_alter_table("deck_policy", schema=None) as batch_op:
        batch_op.drop_column("answered")
    with op.batch_alter_table("deck", schema=None) as batch_op:
        batch_op.drop_column("remembered")
