"""The tables of the state database. `migrations/` builds the same; a test compares."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from app.store.column_types import Counter, Document, Moment, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: One row each time a lake was crawled; equal content shares its hash and its folder.
snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lake", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("counts", Document, nullable=False),
    Column("source", Text, nullable=False),
    UniqueConstraint("lake", "content_hash", "taken_at"),
    Index(None, "lake", "taken_at", "id"),
    Index(None, "content_hash"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lake", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("mode", Text),
    Column("snapshot", Text),
    Column("policies_digest", Text),
    Column("baseline", Boolean, nullable=False),
    Column("previous_run", Text),
    Column("exit_code", Integer),
    Column("summary", Document),
    Column("results_path", Text),
    Column("error", Text),
    CheckConstraint("state IN ('running', 'whole', 'failed')", name="state"),
    CheckConstraint("exit_code IN (0, 1, 2)", name="exit_code"),
    CheckConstraint("(state = 'running') = (finished_at IS NULL)", name="finished"),
    Index(None, "lake", "state", "id"),
    Index(
        "uq_runs_one_running",
        "lake",
        unique=True,
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
)

tokens = Table(
    "tokens",
    metadata,
    Column("public_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("pepper_id", Text, nullable=False),
    Column("scopes", Document, nullable=False),
    Column("lakes", Document),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
)

#: The audit trail of Lakewarden itself. Triggers refuse to change or remove a row.
questions = Table(
    "questions",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("asked_at", Moment, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("parameters", Document, nullable=False),
    Column("lake", Text),
    Column("status", Integer, nullable=False),
    Index(None, "asked_by", "id"),
    Index(None, "lake", "id"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lake", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("parameters", Document, nullable=False),
    Column("progress", Document),
    Column("requested_by", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("holder", Text),
    Column("run_id", Text, ForeignKey("runs.id", ondelete="SET NULL")),
    Column("error", Text),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    CheckConstraint("state IN ('queued', 'running', 'whole', 'failed')", name="state"),
    UniqueConstraint("requested_by", "idempotency_key"),
    Index(None, "state", "id"),
    Index(None, "run_id"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("acquired_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Index(None, "holder"),
)
