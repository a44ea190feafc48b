"""Tables of who was told what: decisions, groups, deliveries and attempts, silences."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    text,
)

from app.store.column_types import Counter, Document, Moment, Text
from app.store.tables import metadata

#: What became of each notice on each route, with the reason. `nowhere`: no route took it.
#: `queued` ones wait for their group, `silenced` ones for the end of a silence.
alert_decisions = Table(
    "alert_decisions",
    metadata,
    Column("number", Counter, primary_key=True, autoincrement=True),
    Column("notice_id", Text, nullable=False),
    Column("route", Text, nullable=False),  # empty: nowhere
    Column("channel", Text, nullable=False),
    Column("alert_group", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("lake", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("notice", Document, nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("silence", Text),
    Column("delivery", Text),
    CheckConstraint(
        "state IN ('queued', 'silenced', 'nowhere', 'superseded', 'sent')", name="state"
    ),
    UniqueConstraint("notice_id", "route"),
    Index(None, "state", "number"),
    Index(None, "incident", "number"),
    Index(None, "decided_at"),
    sqlite_autoincrement=True,
)

#: What a route knows of a group: its number of messages and what it was told of each incident.
alert_groups = Table(
    "alert_groups",
    metadata,
    Column("route", Text, primary_key=True),
    Column("alert_group", Text, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("last_sent_at", Moment),
    Column("remind_at", Moment),
    Column("told", Document, nullable=False),
    Index(None, "remind_at"),
)

#: One request to a channel, over all its attempts. `message_id` is what the receiver sees,
#: the same for every attempt, second route and replay. `order_key`: what is sent in order.
deliveries = Table(
    "deliveries",
    metadata,
    Column("number", Counter, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("alert_group", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("order_key", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("message", Document, nullable=False),
    Column("reason", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("planned_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("holder", Text),
    Column("until", Moment),
    Column("second", Text, nullable=False),  # the route to take when this one gets no answer
    Column("second_at", Moment),
    Column("via", Document, nullable=False),  # routes it took before
    Column("replay_of", Text),
    CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="state"),
    UniqueConstraint("id"),
    UniqueConstraint("route", "alert_group", "sequence"),
    Index(
        "ix_deliveries_waiting",
        "channel",
        "next_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "ix_deliveries_order",
        "route",
        "order_key",
        "number",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(None, "state", "number"),
    Index(None, "message_id"),
    Index(None, "created_at"),
    sqlite_autoincrement=True,
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("delivery", Text, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("result", Text, nullable=False),
    Column("status", Integer),
    Column("detail", Text, nullable=False),
)

#: How a channel fares. A disabled one keeps its deliveries waiting until it is enabled.
channel_states = Table(
    "channel_states",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("delivered_at", Moment),
    Column("failed_at", Moment),
    Column("failing_since", Moment),
    Column("throttled_at", Moment),
    Column("throttled_until", Moment),
    Column("disabled_at", Moment),
    Column("disabled_because", Text),
)

silences = Table(
    "silences",
    metadata,
    Column("id", Text, primary_key=True),
    Column("matchers", Document, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("matched", Integer, nullable=False),
    Column("ended_by", Text),
    Index(None, "ends_at"),
)

#: How far the audit trail went out to each channel that takes it.
export_positions = Table(
    "export_positions",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("position", Counter, nullable=False),
)

#: What holds of Lakewarden itself, such as a lake that is not crawled any more.
own_conditions = Table(
    "own_conditions",
    metadata,
    Column("key", Text, primary_key=True),
    Column("condition", Document, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("is_open", Boolean, nullable=False),
)
