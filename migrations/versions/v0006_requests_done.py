"""Requests that were done under a key of their sender."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build it."""
    text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "requests_done",
        sa.Column("actor", text, nullable=False),
        sa.Column("idempotency_key", text, nullable=False),
        sa.Column("request", text, nullable=False),
        sa.Column("answer", text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("actor", "idempotency_key", name=op.f("pk_requests_done")),
    )
    op.create_index(op.f("ix_requests_done_at"), "requests_done", ["at"])
