"""Incidents: many exposures that one removable thing causes, and how they live.

`FoundIncident` is what one run says (core.causes); an incident that lives on in the
state database has the same key. Identity is (lake, cause): counts, classes, rights and
severity may change, the key does not.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter

from app.core.frozen import frozen

#: What can be removed: a membership (an edge of roles or groups), all grants to one
#: principal that open the same way, an owner, the authorization mode, a principal that
#: should hold nothing any more.
CAUSE_KINDS = ("membership", "grants", "owner", "mode", "principal")

OPENED, ACKNOWLEDGED, GROWN, SHRUNK = "opened", "acknowledged", "grown", "shrunk"
CLAIMED, RESOLVED, REGRESSED, UNKNOWN = "mended", "resolved", "regressed", "unknown"
STILL_OPEN = "still-open"  # claimed mended, and a crawl still sees it
WAIVED, WAIVER_ENDED = "waived", "waiver-ended"
SEEN_AGAIN = "seen-again"  # a gap hid it, and it was there all along
#: Events of an incident's life.
EVENT_KINDS = (
    OPENED,
    ACKNOWLEDGED,
    GROWN,
    SHRUNK,
    CLAIMED,
    STILL_OPEN,
    RESOLVED,
    REGRESSED,
    UNKNOWN,
    WAIVED,
    WAIVER_ENDED,
    SEEN_AGAIN,
)

#: States: open and acknowledged are alive; mended is claimed by a person, resolved is seen
#: by a complete crawl.
STATES = ("open", "acknowledged", "mended", "resolved", "unknown")


@frozen
class Cause:
    """The removable thing. `subject` and `parts` are its exact names, never its words."""

    kind: str
    subject: str  # role:NAME, user:NAME, group:NAME; `lake` for a mode
    parts: tuple[str, ...] = ()  # membership: (member, of); grants: (level or right, …)
    words: str = ""  # as a person says it


def incident_key(lake: str, cause: Cause) -> str:
    """16 hex digits of a SHA-256 over lake and cause."""
    text = "\x1f".join((lake, cause.kind, cause.subject, *cause.parts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@frozen
class FoundIncident:
    """An incident as one run sees it."""

    key: str
    lake: str
    cause: Cause
    severity: str  # its worst exposure
    kinds: tuple[str, ...]
    classes: tuple[str, ...]
    rights: tuple[str, ...]
    everyone: bool
    exposures: int
    tables: int
    people: int  # active people who can and should not
    services: int
    inactive: int
    unknown: int
    opaque_groups: int
    sample: tuple[str, ...]  # some objects, the gravest first
    since: int | None  # epoch seconds: the newest grant or membership that opened it
    grantors: tuple[str, ...]
    path: tuple[str, ...]  # how, in words
    evidence: tuple[str, ...]  # rows of the source
    also_through: tuple[str, ...] = ()  # keys of the other incidents its mend needs as well
    owners_to_tell: tuple[str, ...] = ()  # `tell` of its classes' contracts
    in_doubt: bool = False
    shadowed: bool = False  # a gap hides it: neither seen nor gone
    new_exposures: int = 0  # that the run before did not have
    new_people: int = 0  # of its people, those who get something that they did not get then
    newcomers: tuple[str, ...] = ()  # some of them and of the others who are new, by name


_EVERYTHING = attrgetter(
    *(each.name for each in fields(FoundIncident) if each.name != "cause"),
    *(f"cause.{each.name}" for each in fields(Cause)),
)


def fingerprint(found: FoundIncident) -> str:
    """32 hex digits that are the same while a run says the same of an incident."""
    said = repr(_EVERYTHING(found)).encode(errors="surrogatepass")
    return hashlib.blake2b(said, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class MendStatement:
    """One statement of a plan, who must run it, and why he."""

    sql: str
    run_as: str  # user:NAME; `admin` (after SET ROLE ADMIN); empty where nobody can
    because: str
    set_role: str = ""  # SET ROLE to say first, where one is needed


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a plan does, found by judging the lake as it would be."""

    closes_all: bool
    exposures_closed: int
    exposures_left: int
    tables_closed: int
    people_closed: int
    allowed_lost: int  # (person, table) accesses that policy allows and the plan takes
    allowed_lost_sample: tuple[tuple[str, str, str], ...] = ()  # user, right, object
    opened: int = 0  # exposures that the plan would make (a row Hive fails on refuses people)


@dataclass(frozen=True, slots=True)
class Plan:
    """A way to close an incident. kind: mend | alternative | containment."""

    kind: str
    statements: tuple[MendStatement, ...]
    undo: tuple[MendStatement, ...] = ()
    simulation: Simulation | None = None
    exact: bool = True  # no smaller plan exists; else `bound` says how near
    bound: str = ""
    cannot: str = ""  # why no statement of anybody still there closes it, and the way round


@dataclass(frozen=True, slots=True)
class IncidentNumbers:
    """How bad an incident is at one moment."""

    severity: str
    exposures: int
    tables: int
    people: int


@dataclass(frozen=True, slots=True)
class Notice:
    """An event of an incident's life (or of the watcher's own) as alerts see it.

    It leaves the database through the outbox; `id` is stable over every attempt.
    """

    id: str
    kind: str  # one of EVENT_KINDS, `digest`, `test`, or `watcher` (about Lakewarden itself)
    lake: str
    incident: str  # key; empty for a digest or the watcher
    sequence: int  # order of an incident's events
    at: str  # UTC, ISO 8601
    run: str
    actor: str  # who did it; empty: the audit saw it
    severity: str
    classes: tuple[str, ...]
    kinds: tuple[str, ...]
    title: str  # one line for a person
    data: Mapping[str, object] = field(default_factory=dict)  # JSON: ids, numbers, link
