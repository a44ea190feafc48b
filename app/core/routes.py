"""Where notices go: routes, silences, and what one message to a channel holds.

Loaded by `policy.load_routes`, decided on by `alert.deciding`, kept by `store.deliveries`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from app.core.incidents import (
    ACKNOWLEDGED,
    CLAIMED,
    RESOLVED,
    WAIVED,
    Notice,
)

#: Severities that wake somebody: they wait 10 seconds at most and have a second route.
LOUD = ("SEV0", "SEV1")
LOUDEST_WAIT = 10.0
SECOND_ROUTE_AFTER = 60.0

GROUP_WAIT, GROUP_INTERVAL, REPEAT_INTERVAL = 30.0, 300.0, 14_400.0

#: What a group can be gathered by: what stays the same as long as an incident lives.
GROUP_LABELS = ("lake", "incident")
MATCHERS = ("severity", "class", "lake", "kind", "event")

#: Kinds of channel; those of MACHINE get each notice alone, so that none hides another.
CHANNEL_KINDS = ("webhook", "pagerduty", "slack", "alertmanager", "mail", "ocsf")
MACHINE = ("webhook", "pagerduty", "alertmanager", "ocsf")

DIGEST, TEST, WATCHER = "digest", "test", "watcher"
AUDIT_TRAIL = "audit-trail"

#: After these an incident needs no reminder; after ENDING ones routes forget it.
ENDING = (RESOLVED, WAIVED)
QUIETING = (ACKNOWLEDGED, CLAIMED, *ENDING)

Matchers = Mapping[str, tuple[str, ...]]


def labels_of(notice: Notice) -> dict[str, tuple[str, ...]]:
    """What matchers look at, by the matcher's name."""
    return {
        "severity": (notice.severity,),
        "class": notice.classes,
        "lake": (notice.lake,),
        "kind": notice.kinds,
        "event": (notice.kind,),
    }


def unmatched(matchers: Matchers, notice: Notice) -> str:
    """The name of the first matcher that does not hold; empty where all hold.

    A matcher holds where any of its patterns (globs) matches any value of the label.
    """
    labels = labels_of(notice)
    for name, patterns in matchers.items():
        values = labels[name]
        if not any(fnmatchcase(value, pattern) for value in values for pattern in patterns):
            return name
    return ""


def is_loud(severity: str) -> bool:
    """Whether the severity may never go silently undelivered."""
    return severity in LOUD


@dataclass(frozen=True, slots=True)
class Route:
    """One entry of routes.yaml. Times in seconds; repeat_interval 0: never again."""

    name: str
    channel: str
    matchers: Matchers = field(default_factory=dict)
    second: str = ""  # the route a SEV0/SEV1 also takes after 60 s without an answer
    continues: bool = False  # whether routes below are asked as well
    group_by: tuple[str, ...] = ("lake",)
    group_wait: float = GROUP_WAIT
    group_interval: float = GROUP_INTERVAL
    repeat_interval: float = REPEAT_INTERVAL
    file: str = ""
    line: int = 0

    def group_of(self, notice: Notice) -> str:
        """The identity of the notice's group within the route; digests stand by lake."""
        values = {"lake": notice.lake, "incident": notice.incident}
        return "/".join(f"{label}={values[label]}" for label in self.group_by)


@dataclass(frozen=True, slots=True)
class Routing:
    """All routes, in the order they are asked."""

    routes: tuple[Route, ...] = ()
    file: str = "routes.yaml"

    def route(self, name: str) -> Route | None:
        """The route of that name."""
        return next((route for route in self.routes if route.name == name), None)

    def taken(self, notice: Notice) -> tuple[Route, ...]:
        """The routes whose matchers hold, down to the first that does not continue."""
        found: list[Route] = []
        for route in self.routes:
            if not unmatched(route.matchers, notice):
                found.append(route)
                if not route.continues:
                    break
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Silence:
    """A time in which matching notices are held back. It always has an end."""

    id: str
    matchers: Matchers
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    created_at: datetime
    matched: int = 0  # notices it has held back so far; 0: it matches nothing

    def holds(self, notice: Notice, now: datetime) -> bool:
        """Whether the notice is held back at this moment."""
        return self.starts_at <= now < self.ends_at and not unmatched(self.matchers, notice)


#: Silences are for hours, not for good.
LONGEST_SILENCE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Told:
    """What a route was last told of an incident."""

    notice: Notice
    repeats: bool  # nobody has acknowledged it or claimed it mended
    said_at: datetime


@dataclass(frozen=True, slots=True)
class GroupState:
    """What a route knows of a group: how many messages, the last one's time, who is open."""

    route: str
    group: str
    sequence: int = 0
    last_sent_at: datetime | None = None
    told: Mapping[str, Told] = field(default_factory=dict)  # by incident


@dataclass(frozen=True, slots=True)
class Message:
    """What one request to a channel tells. `id` is the same over every attempt."""

    id: str
    at: str  # UTC, ISO 8601: when the last of its notices came about
    severity: str  # the worst of its notices
    notices: tuple[Notice, ...]  # in order
    again: bool = False  # a reminder: it was said before and is still open
    trail: tuple[Mapping[str, object], ...] = ()  # questions asked of Lakewarden, for a SIEM


def worst(severities: tuple[str, ...]) -> str:
    """The gravest of severities; empty ones come last."""
    return min((severity for severity in severities if severity), default="")
