"""What was decided of each notice, and what each group of a route was told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, or_, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core.incidents import Notice
from app.core.routes import GroupState, Told
from app.store.alert_rows import notice_document, notice_of
from app.store.database import Session
from app.store.delivery_tables import alert_decisions, alert_groups
from app.store.paging import Page, in_batches, newest_first

QUEUED, SILENCED, NOWHERE, SUPERSEDED, SENT = (
    "queued",
    "silenced",
    "nowhere",
    "superseded",
    "sent",
)
_TURN = 0x6C776172  # what deciding workers wait for on PostgreSQL
_CLOCK_SLACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """What became of one notice on one route, and why."""

    number: int
    notice: Notice
    route: str
    channel: str
    group: str
    state: str
    reason: str
    decided_at: datetime
    due_at: datetime | None
    silence: str | None
    delivery: str | None


def take_deciding_turn(session: Session) -> None:
    """Until the transaction ends nobody else decides; SQLite's writers take turns anyway."""
    if session.dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TURN})


def add_decision(
    session: Session,
    notice: Notice,
    *,
    state: str,
    reason: str,
    now: datetime,
    route: str = "",
    channel: str = "",
    group: str = "",
    due_at: datetime | None = None,
    silence: str | None = None,
) -> bool:
    """Record a decision; False when this notice was decided on for this route before."""
    values = {
        "notice_id": notice.id,
        "route": route,
        "channel": channel,
        "alert_group": group,
        "state": state,
        "reason": reason,
        "lake": notice.lake,
        "incident": notice.incident,
        "severity": notice.severity,
        "notice": notice_document(notice),
        "decided_at": now,
        "due_at": due_at,
        "silence": silence,
    }
    insert = sqlite.insert if session.dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(alert_decisions)
        .values(values)
        .on_conflict_do_nothing(index_elements=["notice_id", "route"])
        .returning(alert_decisions.c.number)
    )
    return session.execute(statement).one_or_none() is not None


def due_groups(session: Session, now: datetime) -> tuple[tuple[str, str], ...]:
    """(route, group) of which a queued notice is due, or was queued by a clock since set back."""
    row = alert_decisions.c
    query = (
        select(row.route, row.alert_group, func.min(row.number))
        .where(row.state == QUEUED, _due(now))
        .group_by(row.route, row.alert_group)
        .order_by(func.min(row.number))
    )
    return tuple((found.route, found.alert_group) for found in session.execute(query))


def queued(session: Session, route: str, group: str) -> tuple[StoredDecision, ...]:
    """All queued notices of a group, in order."""
    row = alert_decisions.c
    mine = (row.state == QUEUED, row.route == route, row.alert_group == group)
    return _decisions(session, *mine)


def silenced(session: Session) -> tuple[StoredDecision, ...]:
    """Every notice that a silence holds back, in order."""
    return _decisions(session, alert_decisions.c.state == SILENCED)


def waiting_elsewhere(session: Session, routes: Iterable[str]) -> tuple[StoredDecision, ...]:
    """What waits, queued or silenced, for a route that is none of these."""
    row = alert_decisions.c
    waits = row.state.in_((QUEUED, SILENCED))
    return _decisions(session, waits, row.route.not_in(sorted(routes)))


def decisions_of(session: Session, notice_id: str) -> tuple[StoredDecision, ...]:
    """What became of a notice on every route."""
    return _decisions(session, alert_decisions.c.notice_id == notice_id)


def list_decisions(
    session: Session,
    *,
    state: str | None = None,
    incident: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page[StoredDecision, int]:
    """Decisions, newest first."""
    row = alert_decisions.c
    query = select(alert_decisions)
    if state is not None:
        query = query.where(row.state == state)
    if incident is not None:
        query = query.where(row.incident == incident)
    return newest_first(session, query, row.number, before, limit, _decision)


def change_decisions(
    session: Session,
    numbers: Sequence[int],
    *,
    state: str,
    reason: str | None = None,
    delivery: str | None = None,
    due_at: datetime | None = None,
) -> None:
    """Move decisions to another state; what is not given stays."""
    values: dict[str, Any] = {"state": state}
    given = {"reason": reason, "delivery": delivery, "due_at": due_at}
    values |= {name: value for name, value in given.items() if value is not None}
    for batch in in_batches([str(number) for number in numbers]):
        wanted = [int(number) for number in batch]
        statement = update(alert_decisions).where(alert_decisions.c.number.in_(wanted))
        session.execute(statement.values(values))


def groups(session: Session, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], GroupState]:
    """The groups of some (route, group), where they are known."""
    row, wanted = alert_groups.c, sorted(set(keys))
    found: dict[tuple[str, str], GroupState] = {}
    for start in range(0, len(wanted), 400):
        batch = wanted[start : start + 400]
        query = select(alert_groups).where(tuple_(row.route, row.alert_group).in_(batch))
        found |= {(one.route, one.alert_group): _group(one) for one in session.execute(query)}
    return found


def groups_to_remind(session: Session, now: datetime) -> tuple[GroupState, ...]:
    """Groups of which something open was last said repeat_interval ago."""
    query = select(alert_groups).where(alert_groups.c.remind_at <= now)
    order = (alert_groups.c.remind_at, alert_groups.c.route, alert_groups.c.alert_group)
    return tuple(_group(row) for row in session.execute(query.order_by(*order)))


def save_group(session: Session, state: GroupState, remind_at: datetime | None) -> None:
    """Write a group as it is now."""
    values = {
        "sequence": state.sequence,
        "last_sent_at": state.last_sent_at,
        "remind_at": remind_at,
        "told": {key: _told_document(told) for key, told in state.told.items()},
    }
    insert = sqlite.insert if session.dialect.name == "sqlite" else postgresql.insert
    statement = insert(alert_groups).values(route=state.route, alert_group=state.group, **values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["route", "alert_group"], set_=values)
    )


def _due(now: datetime) -> Any:
    row = alert_decisions.c
    return or_(row.due_at <= now, row.decided_at > now + _CLOCK_SLACK)


def _decisions(session: Session, *where: Any) -> tuple[StoredDecision, ...]:
    query = select(alert_decisions).where(*where).order_by(alert_decisions.c.number)
    return tuple(_decision(row) for row in session.execute(query))


def _decision(row: Row[Any]) -> StoredDecision:
    return StoredDecision(
        row.number,
        notice_of(row.notice),
        row.route,
        row.channel,
        row.alert_group,
        row.state,
        row.reason,
        row.decided_at,
        row.due_at,
        row.silence,
        row.delivery,
    )


def _group(row: Row[Any]) -> GroupState:
    told: Mapping[str, Any] = row.told
    return GroupState(
        row.route,
        row.alert_group,
        row.sequence,
        row.last_sent_at,
        {key: _told(document) for key, document in told.items()},
    )


def _told_document(told: Told) -> dict[str, Any]:
    return {**asdict(told), "said_at": told.said_at.isoformat()}


def _told(document: Mapping[str, Any]) -> Told:
    moment = datetime.fromisoformat(document["said_at"])
    return Told(notice_of(document["notice"]), document["repeats"], moment)
