"""The first tables: snapshots, runs, tokens, questions, jobs and leases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build them, and keep the trail of questions append-only."""
    _snapshots()
    _runs()
    _tokens()
    _questions()
    _jobs()
    _leases()
    _append_only("questions")


def _text() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("id", _text(), nullable=False),
        sa.Column("lake", _text(), nullable=False),
        sa.Column("content_hash", _text(), nullable=False),
        sa.Column("path", _text(), nullable=False),
        sa.Column("taken_at", _moment(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("source", _text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
        sa.UniqueConstraint(
            "lake",
            "content_hash",
            "taken_at",
            name=op.f("uq_snapshots_lake_content_hash_taken_at"),
        ),
    )
    op.create_index(op.f("ix_snapshots_lake_taken_at_id"), "snapshots", ["lake", "taken_at", "id"])
    op.create_index(op.f("ix_snapshots_content_hash"), "snapshots", ["content_hash"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", _text(), nullable=False),
        sa.Column("lake", _text(), nullable=False),
        sa.Column("kind", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("holder", _text(), nullable=False),
        sa.Column("started_at", _moment(), nullable=False),
        sa.Column("finished_at", _moment()),
        sa.Column("mode", _text()),
        sa.Column("snapshot", _text()),
        sa.Column("policies_digest", _text()),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("previous_run", _text()),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("summary", sa.JSON()),
        sa.Column("results_path", _text()),
        sa.Column("error", _text()),
        sa.CheckConstraint("state IN ('running', 'whole', 'failed')", name=op.f("ck_runs_state")),
        sa.CheckConstraint("exit_code IN (0, 1, 2)", name=op.f("ck_runs_exit_code")),
        sa.CheckConstraint(
            "(state = 'running') = (finished_at IS NULL)", name=op.f("ck_runs_finished")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(op.f("ix_runs_lake_state_id"), "runs", ["lake", "state", "id"])
    running = sa.text("state = 'running'")
    op.create_index(
        "uq_runs_one_running",
        "runs",
        ["lake"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("public_id", _text(), nullable=False),
        sa.Column("name", _text(), nullable=False),
        sa.Column("hash", _text(), nullable=False),
        sa.Column("pepper_id", _text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("lakes", sa.JSON()),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("expires_at", _moment(), nullable=False),
        sa.Column("last_used_at", _moment()),
        sa.Column("revoked_at", _moment()),
        sa.PrimaryKeyConstraint("public_id", name=op.f("pk_tokens")),
    )


def _questions() -> None:
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "questions",
        sa.Column("id", counter, nullable=False, autoincrement=True),
        sa.Column("asked_at", _moment(), nullable=False),
        sa.Column("asked_by", _text(), nullable=False),
        sa.Column("question", _text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("lake", _text()),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_questions_asked_by_id"), "questions", ["asked_by", "id"])
    op.create_index(op.f("ix_questions_lake_id"), "questions", ["lake", "id"])


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _text(), nullable=False),
        sa.Column("lake", _text(), nullable=False),
        sa.Column("kind", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON()),
        sa.Column("requested_by", _text(), nullable=False),
        sa.Column("idempotency_key", _text()),
        sa.Column("holder", _text()),
        sa.Column("run_id", _text()),
        sa.Column("error", _text()),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("started_at", _moment()),
        sa.Column("finished_at", _moment()),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'whole', 'failed')", name=op.f("ck_jobs_state")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_jobs_run_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint(
            "requested_by", "idempotency_key", name=op.f("uq_jobs_requested_by_idempotency_key")
        ),
    )
    op.create_index(op.f("ix_jobs_state_id"), "jobs", ["state", "id"])
    op.create_index(op.f("ix_jobs_run_id"), "jobs", ["run_id"])


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("name", _text(), nullable=False),
        sa.Column("holder", _text(), nullable=False),
        sa.Column("acquired_at", _moment(), nullable=False),
        sa.Column("until", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_index(op.f("ix_leases_holder"), "leases", ["holder"])


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
