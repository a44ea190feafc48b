"""Incidents that live on: their events, waivers made through the API, and the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build them, and keep the events append-only."""
    _incidents()
    _events()
    _waivers()
    _outbox()
    _append_only("incident_events")


def _text() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("key", _text(), nullable=False),
        sa.Column("lake", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("severity", _text(), nullable=False),
        sa.Column("waived", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'acknowledged', 'mended', 'resolved', 'unknown')",
            name=op.f("ck_incidents_state"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_incidents")),
    )
    op.create_index(
        op.f("ix_incidents_lake_severity_key"), "incidents", ["lake", "severity", "key"]
    )


def _events() -> None:
    op.create_table(
        "incident_events",
        sa.Column("incident", _text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("lake", _text(), nullable=False),
        sa.Column("kind", _text(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("run", _text(), nullable=False),
        sa.Column("actor", _text(), nullable=False),
        sa.Column("severity", _text(), nullable=False),
        sa.Column("exposures", sa.Integer(), nullable=False),
        sa.Column("tables", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("note", _text(), nullable=False),
        sa.Column("idempotency_key", _text()),
        sa.ForeignKeyConstraint(
            ["incident"], ["incidents.key"], name=op.f("fk_incident_events_incident")
        ),
        sa.PrimaryKeyConstraint("incident", "sequence", name=op.f("pk_incident_events")),
        sa.UniqueConstraint(
            "actor", "idempotency_key", name=op.f("uq_incident_events_actor_idempotency_key")
        ),
    )
    op.create_index(op.f("ix_incident_events_lake_at"), "incident_events", ["lake", "at"])


def _waivers() -> None:
    op.create_table(
        "waivers",
        sa.Column("id", _text(), nullable=False),
        sa.Column("lake", _text(), nullable=False),
        sa.Column("reason", _text(), nullable=False),
        sa.Column("approver", _text(), nullable=False),
        sa.Column("expires", _text(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("max_tables", sa.Integer()),
        sa.Column("max_people", sa.Integer()),
        sa.Column("created_by", _text(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("ended_by", _text()),
        sa.Column("ended_at", _moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", _text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waivers")),
        sa.UniqueConstraint(
            "created_by", "idempotency_key", name=op.f("uq_waivers_created_by_idempotency_key")
        ),
    )
    op.create_index(op.f("ix_waivers_lake_id"), "waivers", ["lake", "id"])


def _outbox() -> None:
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "outbox",
        sa.Column("number", counter, nullable=False, autoincrement=True),
        sa.Column("id", _text(), nullable=False),
        sa.Column("lake", _text(), nullable=False),
        sa.Column("incident", _text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("notice", sa.JSON(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("holder", _text()),
        sa.Column("until", _moment()),
        sa.Column("done_at", _moment()),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_id")),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("done_at IS NULL")
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["incident", "sequence"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index(op.f("ix_outbox_done_at"), "outbox", ["done_at"])


def _append_only(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )
