"""Of an incident in columns: when and by which run it was last seen, and what that run found."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAMES = ("last_seen", "last_run")


def upgrade() -> None:
    """Add the columns, filled from the records that hold them until now."""
    text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    for name in (*_NAMES, "fingerprint"):
        op.add_column("incidents", sa.Column(name, text, nullable=False, server_default=""))
    _fill()


def _fill() -> None:
    rows = sa.table(
        "incidents",
        sa.column("key", sa.String()),
        sa.column("record", sa.JSON()),
        *(sa.column(name, sa.String()) for name in _NAMES),
    )
    connection = op.get_bind()
    for key, record in connection.execute(sa.select(rows.c.key, rows.c.record)).all():
        seen = {name: record.pop(name) for name in _NAMES}
        connection.execute(sa.update(rows).where(rows.c.key == key).values(record=record, **seen))
