"""What holds of Lakewarden itself: each is said once, and again when it ends."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build it."""
    text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "own_conditions",
        sa.Column("key", text, nullable=False),
        sa.Column("condition", sa.JSON(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_own_conditions")),
    )
