"""What would go where and why, without sending; and a marked test of one channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.alert.channels import Channels, marked_test
from app.alert.deciding import QUEUED, decide
from app.alert.grouping import messages_of
from app.alert.retrying import Outcome
from app.core.errors import NotFoundError
from app.core.incidents import Notice
from app.core.routes import Message, Routing
from app.store.database import Session
from app.store.decisions import groups
from app.store.silences import list_silences


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of a notice on a route. `body`: what would be sent, secrets hidden."""

    notice: str
    severity: str
    route: str
    channel: str
    outcome: str
    reason: str
    due_at: datetime | None
    body: str = ""

    def __str__(self) -> str:
        where = f"{self.route} → {self.channel}" if self.route else "nowhere"
        when = f" at {self.due_at:%H:%M:%S} UTC" if self.due_at else ""
        what = f"{self.severity or 'info'} {self.notice}"
        return f"{what}: {where}, {self.outcome}{when}: {self.reason}"


def dry_run(
    session: Session,
    channels: Channels,
    routing: Routing,
    notices: Sequence[Notice],
    now: datetime,
    *,
    bodies: bool = False,
) -> tuple[Planned, ...]:
    """Decide on notices as a worker would now; a reading session will do. Nothing is kept."""
    keys = {(route.name, route.group_of(notice)) for notice in notices for route in routing.routes}
    silences = list_silences(session, now=now)
    decided = decide(notices, routing, silences, groups(session, keys), now)
    planned = []
    for one in decided.decisions:
        body = ""
        if bodies and one.outcome == QUEUED and one.channel in channels.settings:
            message: Message = messages_of([one.notice], channels.kind(one.channel))[0]
            body = channels.rendered(one.channel, message, now)
        reason = one.reason
        if one.channel and one.channel not in channels.settings:
            reason += f"; but lakewarden.toml has no channel {one.channel}"
        planned.append(
            Planned(
                one.notice.id,
                one.notice.severity,
                one.route,
                one.channel,
                one.outcome,
                reason,
                one.due_at,
                body,
            )
        )
    return tuple(planned)


def send_test(channels: Channels, name: str, now: datetime) -> Outcome:
    """Send a message that says it is a test, at once. Raises NotFoundError."""
    if name not in channels.settings:
        known = ", ".join(sorted(channels.settings)) or "none"
        raise NotFoundError(
            f"no channel is called {name!r} (known: {known})",
            mend=f"Add [channels.{name}] to lakewarden.toml",
        )
    return channels.send(name, marked_test(now), now)
