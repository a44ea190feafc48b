"""Tables of what lives from run to run: incidents, their events, waivers, and the outbox."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    text,
)

from app.store.column_types import Counter, Document, Moment, Text
from app.store.tables import metadata

#: One row an incident, by its key. `sequence` is the number of its last event and the
#: version that edits are checked against; `last_seen` and `last_run` are the last run's that
#: saw it; `record` holds what the columns do not.
incidents = Table(
    "incidents",
    metadata,
    Column("key", Text, primary_key=True),
    Column("lake", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("waived", Boolean, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("kinds", Document, nullable=False),
    Column("classes", Document, nullable=False),
    Column("last_seen", Text, nullable=False),  # when that run began, as records say it
    Column("last_run", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),  # of what that run found; empty: not known
    Column("record", Document, nullable=False),
    CheckConstraint(
        "state IN ('open', 'acknowledged', 'mended', 'resolved', 'unknown')", name="state"
    ),
    Index(None, "lake", "severity", "key"),
)

#: Every change of an incident, numbered from 1. Triggers refuse to change or remove a row.
incident_events = Table(
    "incident_events",
    metadata,
    Column("incident", Text, ForeignKey("incidents.key"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("lake", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("run", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("exposures", Integer, nullable=False),
    Column("tables", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("idempotency_key", Text),
    UniqueConstraint("actor", "idempotency_key"),
    Index(None, "lake", "at"),
)

#: Waivers made through the API and the command line; those of the file stand in the file.
waivers = Table(
    "waivers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lake", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("approver", Text, nullable=False),
    Column("expires", Text, nullable=False),  # ISO date, inclusive, UTC
    Column("scope", Document, nullable=False),
    Column("max_tables", Integer),
    Column("max_people", Integer),
    Column("created_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_by", Text),
    Column("ended_at", Moment),
    Column("version", Integer, nullable=False),
    Column("idempotency_key", Text),
    UniqueConstraint("created_by", "idempotency_key"),
    Index(None, "lake", "id"),
)

#: Notices on their way to the alerts, written with the change that they tell of.
outbox = Table(
    "outbox",
    metadata,
    Column("number", Counter, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False),
    Column("lake", Text, nullable=False),
    Column("incident", Text, nullable=False),  # empty: of no incident, and in no order
    Column("sequence", Integer, nullable=False),
    Column("notice", Document, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("holder", Text),
    Column("until", Moment),
    Column("done_at", Moment),
    UniqueConstraint("id"),
    Index(
        "ix_outbox_waiting",
        "incident",
        "sequence",
        sqlite_where=text("done_at IS NULL"),
        postgresql_where=text("done_at IS NULL"),
    ),
    Index(None, "done_at"),
    sqlite_autoincrement=True,
)

#: Requests that were done under their sender's key, with what they made.
requests_done = Table(
    "requests_done",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("request", Text, nullable=False),  # a digest of what was asked
    Column("answer", Text, nullable=False),  # the id of what was made
    Column("at", Moment, nullable=False),
    Index(None, "at"),
)
