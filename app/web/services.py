"""What the API needs and does not build: handed to `create_app` by whoever wires it.

State (runs, snapshots, jobs, tokens, the trail of questions) is read and written through
`app.store` with `Services.database`. Everything about one run comes through the protocols
below, as functions of a whole `Run`: what they return for a run never changes, so the API
keeps it in memory as long as it likes.

All of them are called from several threads at once, never from the event loop. They raise
LakewardenError for whatever the user can mend: NotFoundError when a run's files were
pruned, SnapshotError when they are damaged, BadNameError for a name or right that means
nothing. Everything called "JSON-ready" holds only dict, list, str, int, float, bool and
None, with times as ISO 8601 text in UTC.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import pyarrow as pa

from app.core.incidents import Plan
from app.core.lake_view import LakeView
from app.core.run_report import RunReport
from app.core.verdicts import Policies
from app.core.waivers import WaiverVerdicts
from app.store.database import Database
from app.store.pepper import Pepper
from app.store.runs import Run

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LakeDescription:
    """A configured lake as people may see it: no password in any field."""

    name: str
    source: str
    directory: str | None
    mode: str
    groups: str | None
    everyone_at: float
    schedule: str | None


@dataclass(frozen=True, slots=True)
class LoadedPolicies:
    """The policies a lake would be judged by now.

    findings: what the lint says, JSON-ready, gravest first, each with the keys
    level (error | warning), rule, place (FILE:LINE or FILE), message, mend.
    """

    policies: Policies
    findings: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on exposures; all of a query's conditions hold.

    column: of exposures.SCHEMA. operator:
    `in`: the value is one of `values`; `any`: the column is a list that has one of them;
    `from` and `until`: not below, not above `values[0]` (a null is neither).
    """

    column: str
    operator: str
    values: tuple[str | int | bool, ...]


@dataclass(frozen=True, slots=True)
class ExposureQuery:
    """Which exposures of a run, in which order, from where, how many.

    sort: (column, descending), ending with `id`, so the order is total. A null sorts as
    0, false or the empty text. after: the sort columns' values of the last row already
    seen (a null replaced likewise); the rows wanted come after it.
    """

    conditions: tuple[Condition, ...] = ()
    sort: tuple[tuple[str, bool], ...] = (
        ("severity", False),
        ("everyone", True),
        ("scope", True),
        ("object", False),
        ("right", False),
        ("id", False),
    )
    after: tuple[str | int | bool, ...] | None = None
    limit: int | None = None


class Results(Protocol):
    """What runs concluded, read from their files."""

    def report(self, run: Run) -> RunReport:
        """The posture and the rows, for renderers. Cheap: rows are read when asked for."""
        ...

    def exposures(self, run: Run, query: ExposureQuery) -> Iterator[pa.RecordBatch]:
        """Batches of exposures.SCHEMA. The default query gives the files' own order."""
        ...

    def count(self, run: Run, conditions: Sequence[Condition]) -> int:
        """How many exposures meet the conditions."""
        ...

    def openings(self, run: Run) -> pa.Table:
        """All of the run's openings (openings.OPENING_SCHEMA), the gravest first."""
        ...


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows of a long answer, JSON-ready, and where the next ones start.

    about: what is said once for the whole answer. next: what to give as `after` for the
    rows that follow (a text or a number, at most 2,000 characters), None at the end.
    """

    rows: tuple[Row, ...]
    next: str | int | None
    about: Mapping[str, Any]


class LongQuestions(Protocol):
    """The questions whose answers need more than one object's grants. All JSON-ready."""

    def what_can(
        self,
        view: LakeView,
        user: str,
        right: str,
        *,
        not_allowed: bool,
        after: str | int | None,
        limit: int,
    ) -> Slice:
        """Objects on which a user has a right, in order of name; not_allowed: only those
        that policy does not allow him.

        Row: object, scope (database | table), right, answer (allowed | unknown), permitted
        (yes | no), classes [str], columns [str] (those he can reach, when not the whole
        table), via [str] (principals of the grants that give it: role:NAME …).
        about: user, known (bool: the directory or the lake has the name), kind, active,
        can_make_themselves (how he could give himself more, or empty).
        """
        ...

    def who_could(
        self,
        runs: Sequence[Run],
        right: str,
        object_text: str,
        *,
        after: str | int | None,
        limit: int,
    ) -> Slice:
        """Whoever held a right on an object according to one of some whole runs.

        runs: oldest first, at least one. Row: subject, kind, active, sure, permitted
        (bool, as of the last run that saw it), via [str] (likewise), first_run, last_run,
        first_seen, last_seen (when those runs began), runs (how many saw it).
        about: object, right, people, services, inactive, unknown, opaque_groups, everyone,
        classes [str], can_make_themselves (int), self_service: as in core.questions.WhoCan,
        counted over everybody who could in one of the runs (counts and classes may be those
        of the last run that had the object); missing_in [str]: runs that did not have the
        object or whose snapshot is gone.
        """
        ...

    def lineage(self, view: LakeView, object_text: str) -> Mapping[str, Any]:
        """Views and copies of an object, and what it is made from.

        object, kind, and `upstream` and `downstream`: lists of
        {object, kind, relation (view | copy | same-location), distance (int, 1 is next to
        it), classes [str], people (int), everyone (bool), wider (bool: somebody can read it
        who cannot read the object asked for)}; unparsed [{object, reason}]: views whose
        text could not be read, so that they may be missing from the lists.
        """
        ...

    def changes(self, earlier: Run, later: Run, *, after: str | int | None, limit: int) -> Slice:
        """What opened, closed, grew and shrank between two whole runs of a lake.

        Row: change (opened | grown | shrunk | closed | unknown), id, object, scope, right,
        kind, severity, classes [str], people_before, people_after (null where there was or
        is none), everyone_before, everyone_after (likewise), openings [str], first_seen.
        Order: opened, grown, unknown, shrunk, closed; then as exposures are ordered.
        about: counts {opened, grown, shrunk, closed, unknown: int}.
        """
        ...


class AuditOneLake(Protocol):
    """Runs the whole audit of a lake, as `lakewarden audit` does."""

    def __call__(self, lake: str, progress: Callable[[str, int, int | None], None], /) -> str:
        """Audit and record; the id of the whole run comes back.

        Takes the lake's audit lease itself (ConflictError when another process has it).
        progress(step, done, total): called as often as it likes, at least once a second
        while something moves. What it raises must end the audit, failing its run: so a
        server that stops does not wait for an hour.
        """
        ...


@dataclass(frozen=True, slots=True)
class CheckQuestion:
    """A change to be checked. files: (name, text) in the order they will be run."""

    files: tuple[tuple[str, str], ...]
    dialect: str
    runner: str | None
    variables: Mapping[str, str]
    fail_on: str
    max_age: timedelta  # how old the run may be
    effects: bool  # whether effects are worked out and listed
    suppressions: bool


class CheckOneChange(Protocol):
    """Checks statements on a run's snapshot, as `lakewarden check` does."""

    def __call__(self, run: Run, question: CheckQuestion, /) -> Row:
        """The report as docs/schemas/check.json describes it. PolicyError for broken policies."""
        ...


class Incidents(Protocol):
    """What of incidents needs the files of runs, the policies and the snapshots."""

    def exposures(self, run: Run, key: str, limit: int) -> Sequence[dict[str, Any]]:
        """The first exposures of an incident in a run, as rows of exposures.SCHEMA."""
        ...

    def plans(self, run: Run, key: str) -> Sequence[Plan]:
        """What closes it, simulated. NotFoundError where the run does not see it."""
        ...

    def waivers(self, lake: str) -> WaiverVerdicts:
        """The lake's waivers, of the file and made here, measured on its newest run."""
        ...

    def apply_waivers(self, lake: str, actor: str) -> WaiverVerdicts:
        """Let the waivers of now count: what was waived is quiet, what ended is loud."""
        ...


@dataclass(frozen=True)
class Services:
    """Everything the API is built on.

    lakes: by name, in the order of the settings. open_view: a run's snapshot opened for
    questions; cheap, and not kept by it: the API keeps the views it needs. policies: by
    lake, as they stand in their folder now; PolicyError when they are broken.
    """

    version: str
    database: Database
    pepper: Pepper
    lakes: Mapping[str, LakeDescription]
    open_view: Callable[[Run], LakeView]
    results: Results
    questions: LongQuestions
    policies: Callable[[str], LoadedPolicies]
    audit: AuditOneLake
    check: CheckOneChange
    incidents: Incidents
