"""Who was told what: decisions, groups, deliveries and their attempts, silences."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build them."""
    _decisions()
    _groups()
    _deliveries()
    _attempts()
    _channels()
    _silences()
    op.create_table(
        "export_positions",
        sa.Column("channel", _text(), nullable=False),
        sa.Column("position", _counter(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_export_positions")),
    )


def _text() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _counter() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _decisions() -> None:
    op.create_table(
        "alert_decisions",
        sa.Column("number", _counter(), nullable=False, autoincrement=True),
        sa.Column("notice_id", _text(), nullable=False),
        sa.Column("route", _text(), nullable=False),
        sa.Column("channel", _text(), nullable=False),
        sa.Column("alert_group", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("reason", _text(), nullable=False),
        sa.Column("lake", _text(), nullable=False),
        sa.Column("incident", _text(), nullable=False),
        sa.Column("severity", _text(), nullable=False),
        sa.Column("notice", sa.JSON(), nullable=False),
        sa.Column("decided_at", _moment(), nullable=False),
        sa.Column("due_at", _moment()),
        sa.Column("silence", _text()),
        sa.Column("delivery", _text()),
        sa.CheckConstraint(
            "state IN ('queued', 'silenced', 'nowhere', 'superseded', 'sent')",
            name=op.f("ck_alert_decisions_state"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_alert_decisions")),
        sa.UniqueConstraint("notice_id", "route", name=op.f("uq_alert_decisions_notice_id_route")),
        sqlite_autoincrement=True,
    )
    for columns in (["state", "number"], ["incident", "number"], ["decided_at"]):
        op.create_index(op.f(f"ix_alert_decisions_{'_'.join(columns)}"), "alert_decisions", columns)


def _groups() -> None:
    op.create_table(
        "alert_groups",
        sa.Column("route", _text(), nullable=False),
        sa.Column("alert_group", _text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("last_sent_at", _moment()),
        sa.Column("remind_at", _moment()),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("route", "alert_group", name=op.f("pk_alert_groups")),
    )
    op.create_index(op.f("ix_alert_groups_remind_at"), "alert_groups", ["remind_at"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("number", _counter(), nullable=False, autoincrement=True),
        sa.Column("id", _text(), nullable=False),
        sa.Column("route", _text(), nullable=False),
        sa.Column("channel", _text(), nullable=False),
        sa.Column("alert_group", _text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("order_key", _text(), nullable=False),
        sa.Column("message_id", _text(), nullable=False),
        sa.Column("message", sa.JSON(), nullable=False),
        sa.Column("reason", _text(), nullable=False),
        sa.Column("severity", _text(), nullable=False),
        sa.Column("state", _text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("planned_at", _moment(), nullable=False),
        sa.Column("next_at", _moment(), nullable=False),
        sa.Column("finished_at", _moment()),
        sa.Column("holder", _text()),
        sa.Column("until", _moment()),
        sa.Column("second", _text(), nullable=False),
        sa.Column("second_at", _moment()),
        sa.Column("via", sa.JSON(), nullable=False),
        sa.Column("replay_of", _text()),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'dead')", name=op.f("ck_deliveries_state")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_deliveries_id")),
        sa.UniqueConstraint(
            "route",
            "alert_group",
            "sequence",
            name=op.f("uq_deliveries_route_alert_group_sequence"),
        ),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("state = 'waiting'")
    for name, columns in (
        ("ix_deliveries_waiting", ["channel", "next_at"]),
        ("ix_deliveries_order", ["route", "order_key", "number"]),
    ):
        op.create_index(name, "deliveries", columns, sqlite_where=waiting, postgresql_where=waiting)
    for columns in (["state", "number"], ["message_id"], ["created_at"]):
        op.create_index(op.f(f"ix_deliveries_{'_'.join(columns)}"), "deliveries", columns)


def _attempts() -> None:
    op.create_table(
        "delivery_attempts",
        sa.Column("delivery", _text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("result", _text(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("detail", _text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery"],
            ["deliveries.id"],
            name=op.f("fk_delivery_attempts_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("delivery", "number", name=op.f("pk_delivery_attempts")),
    )


def _channels() -> None:
    op.create_table(
        "channel_states",
        sa.Column("channel", _text(), nullable=False),
        sa.Column("delivered_at", _moment()),
        sa.Column("failed_at", _moment()),
        sa.Column("failing_since", _moment()),
        sa.Column("throttled_at", _moment()),
        sa.Column("throttled_until", _moment()),
        sa.Column("disabled_at", _moment()),
        sa.Column("disabled_because", _text()),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_states")),
    )


def _silences() -> None:
    op.create_table(
        "silences",
        sa.Column("id", _text(), nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("starts_at", _moment(), nullable=False),
        sa.Column("ends_at", _moment(), nullable=False),
        sa.Column("created_by", _text(), nullable=False),
        sa.Column("comment", _text(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("ended_by", _text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silences")),
    )
    op.create_index(op.f("ix_silences_ends_at"), "silences", ["ends_at"])
