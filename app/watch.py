"""Watches a lake: looks for signs of change, crawls what changed, judges and records it.

One process keeps everything warm: connections of the look, imports, policies, the lake's
own source. Each round takes the lake's lease like any other crawl or audit, so a watch and
a worker never meet in one lake.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING

from app import wiring
from app.core.change_signs import PEOPLE, POLICIES, ChangeSign, PartialCrawl, Sign, SignReader
from app.core.errors import LakewardenError
from app.core.facts import Facts, Progress, Source, no_progress
from app.core.watching import INTERVAL, Due, Pace, Watch
from app.lake.refreshed_snapshot import write_refreshed
from app.lake.snapshot import StoredSnapshot, snapshots_folder
from app.lake.snapshot_writer import Taken, write_snapshot
from app.recorded_audit import RecordedRun, audit_lake
from app.recorded_snapshots import recorded_snapshot
from app.settings import LakeSettings, Settings
from app.sources.file_signs import FileSigns
from app.sources.registry import open_directory, open_source

if TYPE_CHECKING:
    from app.core.verdicts import Policies
    from app.store.database import Database


@dataclass(frozen=True, slots=True)
class Round:
    """What one round came to.

    at: when its look was taken, UTC. seconds: from then to what is on record. changed: the
    lake is not as it was. unnoticed: a crawl at an interval found a change without a sign.
    run: when it was judged. problem: why it failed; then nothing else is known.
    """

    at: str
    why: str
    parts: tuple[str, ...]
    whole: bool
    seconds: float
    snapshot: StoredSnapshot | None = None
    changed: bool = False
    unnoticed: bool = False
    run: RecordedRun | None = None
    problem: LakewardenError | None = None


@dataclass(frozen=True, slots=True)
class Judging:
    """That snapshots are judged, and from which severity on a run's exit code is 1."""

    fail_on: str = "SEV4"


class LakeWatch:
    """Watches one lake until it is told to stop. Not for more than one thread."""

    def __init__(
        self,
        settings: Settings,
        lake: LakeSettings,
        pace: Pace,
        judging: Judging | None,
        progress: Progress = no_progress,
    ) -> None:
        """Raises SourceError, DirectoryError for addresses nobody can use, PolicyError."""
        self._settings = settings
        self._lake = lake
        self._judging = judging
        self._progress = progress
        self._source: Source = open_source(lake.source.reveal())
        self._directory = open_directory(lake.directory.reveal()) if lake.directory else None
        self._watch = Watch(pace, time.monotonic, signed=isinstance(self._source, ChangeSign))
        self._people: list[Facts] | None = None  # of a directory that has a sign
        self._misses: tuple[str, ...] = ()
        self._snapshot: StoredSnapshot | None = None
        self._policies: tuple[Sign, Policies] | None = None
        if judging is not None:
            wiring.audit_parts(lake, settings.data, self._read_policies(), judging.fail_on)

    @property
    def misses(self) -> tuple[str, ...]:
        """What can change without a sign, known once the look is open."""
        return self._misses

    @contextmanager
    def _looking(self) -> Iterator[list[SignReader]]:
        """Open the looks there are. Raises SourceError, DirectoryError."""
        with ExitStack() as stack:
            readers: list[SignReader] = []
            for looked_at in (self._source, self._directory):
                if isinstance(looked_at, ChangeSign):
                    readers.append(stack.enter_context(looked_at.signs()))
            if self._judging is not None:
                readers.append(FileSigns(POLICIES, lambda: [self._lake.policies]))
            self._misses = tuple(each for reader in readers for each in reader.misses)
            yield readers

    def rounds(self, stop: Event) -> Generator[Round, None, None]:
        """Make rounds until `stop` is set; each is given once it is on record."""
        self._settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with wiring.opened_state(self._settings) as database:
            while not stop.is_set():
                try:
                    with self._looking() as readers:
                        yield from self._looks(readers, database, stop)
                except LakewardenError as problem:
                    yield self._failed(problem)
                    stop.wait(self._watch.pause)

    def _looks(
        self, readers: list[SignReader], database: "Database", stop: Event
    ) -> Iterator[Round]:
        """Look and make rounds until told to stop. Raises what the look or a round raises."""
        while not stop.is_set():
            at, began = _now(), time.monotonic()
            due = self._watch.seen(_joined(readers))
            if due is not None:
                made = self._round(database, due, at, began)
                self._watch.done(due)
                yield made
            stop.wait(self._watch.pause)

    def _failed(self, problem: LakewardenError) -> Round:
        self._watch.failed()
        return Round(_now(), "failure", (), whole=False, seconds=0.0, problem=problem)

    def _round(self, database: "Database", due: Due, at: str, began: float) -> Round:
        before = self._snapshot
        snapshot = recorded_snapshot(
            database, self._lake.name, lambda: self._take(due), str(self._lake.source)
        )
        changed = before is None or before.content_hash != snapshot.content_hash
        self._snapshot = snapshot
        run = None
        if self._judging is not None and (changed or due.whole or POLICIES in due.parts):
            run = self._judged(database, snapshot, self._judging)
        return Round(
            at,
            due.why,
            tuple(sorted(due.parts)),
            due.whole,
            time.monotonic() - began,
            snapshot,
            changed,
            unnoticed=changed and due.why == INTERVAL and before is not None,
            run=run,
        )

    def _judged(
        self, database: "Database", snapshot: StoredSnapshot, judging: Judging
    ) -> RecordedRun:
        parts = wiring.audit_parts(
            self._lake, self._settings.data, self._read_policies(), judging.fail_on
        )
        source = str(self._lake.source)
        return audit_lake(parts, database, lambda _: snapshot, source, self._progress)

    def _take(self, due: Due) -> StoredSnapshot:
        folder = snapshots_folder(self._settings.data, self._lake.name)
        label = self._directory.label if self._directory else ""
        taken = Taken.now(self._source.label, label)
        if not due.whole and self._snapshot and isinstance(self._source, PartialCrawl):
            facts = self._source.crawl_access(self._progress)
            if facts is not None:
                people = self._people if PEOPLE not in due.parts else None
                facts = self._with_people(facts, people)
                snapshot = write_refreshed(facts, self._snapshot, folder, taken)
                if snapshot is not None:
                    return snapshot
        return write_snapshot(self._with_people(self._source.crawl(self._progress)), folder, taken)

    def _with_people(
        self, facts: Iterator[Facts], people: list[Facts] | None = None
    ) -> Iterator[Facts]:
        """The facts, then those of the directory: read now, unless these are as they were."""
        yield from facts
        if people is None and self._directory is not None:
            people, self._people = list(self._directory.crawl(self._progress)), None
            if isinstance(self._directory, ChangeSign):
                self._people = people
        yield from people or ()

    def _read_policies(self) -> "Policies":
        """The policies as they stand; read again when their files changed."""
        sign = FileSigns(POLICIES, lambda: [self._lake.policies]).sign()
        if self._policies is None or self._policies[0] != sign:
            self._policies = (sign, wiring.load_policies(self._lake))
        return self._policies[1]


def _joined(readers: list[SignReader]) -> Sign:
    sign = Sign()
    for reader in readers:
        sign = sign.joined(reader.sign())
    return sign


def watch(watched: LakeWatch, stop: Event, tell: Callable[[Round], None]) -> int:
    """Watch until told to stop; the exit code of the last round.

    0: clean. 1: exposures. 2: something could not be read or judged, or nothing was yet.
    """
    code = 2
    with ExitStack() as stack:
        rounds = watched.rounds(stop)
        stack.callback(rounds.close)
        for made in rounds:
            code = exit_code(made, code)
            tell(made)
    return code


def exit_code(made: Round, before: int) -> int:
    """What a round says of the lake; one that judged nothing leaves it as it was."""
    if made.problem is not None:
        return 2
    if made.run is not None:
        return int(made.run.posture["exit_code"])
    if made.changed and made.snapshot is not None:
        return 2 if made.snapshot.rows("gaps") else 0
    return before


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
