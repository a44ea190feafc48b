"""From settings to built objects: functions, no container. Heavy imports wait until used."""

import hashlib
import json
import os
import pwd
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import NotFoundError, SettingsError
from app.core.facts import Progress, no_progress
from app.settings import LakeSettings, SecretText, Settings

if TYPE_CHECKING:
    from app.audit import AuditParts
    from app.check import CheckParts
    from app.core.engine import Engine
    from app.core.findings import CheckedFile, Finding
    from app.core.history import PastRun
    from app.core.lake_view import ClassOnTable, LakeView
    from app.core.memberships import Memberships
    from app.core.policy_change import Judged, PolicyFile
    from app.core.population import Population
    from app.core.rights.mode import AuthorizationMode
    from app.core.verdicts import Judge, Policies, PolicyLine
    from app.core.view_text import ViewParses
    from app.lake.results import RunResults
    from app.lake.snapshot import StoredSnapshot
    from app.recorded_audit import RecordedRun
    from app.sources.git_changes import Repository
    from app.store.database import Database, Session
    from app.store.pepper import Pepper
    from app.store.runs import Run

DEFAULT_EVERYONE_AT = 0.9

#: From so many different requests on, one compiled judge beats an Enforcer for each.
_MANY_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class LakeChoice:
    """What the options of a command said about the lake: a name, or a source in its place."""

    lake: str | None = None
    source: str | None = None
    mode: str | None = None
    directory: str | None = None
    groups: str | None = None
    policies: Path | None = None


def choose_lake(settings: Settings, choice: LakeChoice) -> LakeSettings:
    """The lake that a command is about. Raises SettingsError when that is not clear."""
    if choice.source:
        if choice.lake:
            raise SettingsError("Both --lake and --source were given", mend="Give one of them")
        return _lake_of_source(settings, choice)
    name = choice.lake or _only_lake(settings)
    lake = settings.lake(name)
    return replace(
        lake,
        mode=choice.mode or lake.mode,
        directory=SecretText(choice.directory, environ=os.environ)
        if choice.directory
        else lake.directory,
        groups=choice.groups or lake.groups,
        policies=choice.policies or lake.policies,
    )


def _only_lake(settings: Settings) -> str:
    if len(settings.lakes) == 1:
        return next(iter(settings.lakes))
    known = ", ".join(settings.lakes)
    raise SettingsError(
        "Which lake?" if known else "No lake is set up",
        mend=f"Give --lake ({known})" if known else "Run lakewarden init, or give --source",
    )


def _lake_of_source(settings: Settings, choice: LakeChoice) -> LakeSettings:
    source = SecretText(str(choice.source), environ=os.environ)
    # The same source is the same lake: its name is made from what it shows of itself.
    digest = hashlib.sha256(str(source).encode()).hexdigest()[:8]
    return LakeSettings(
        name=f"source-{digest}",
        source=source,
        mode=choice.mode or "auto",
        directory=SecretText(choice.directory, environ=os.environ) if choice.directory else None,
        groups=choice.groups,
        everyone_at=DEFAULT_EVERYONE_AT,
        schedule=None,
        policies=choice.policies or settings.policies,
    )


def new_engine(spill: Path | None = None) -> "Engine":
    """A fresh embedded engine in bounded memory; spill: where what it cannot hold goes."""
    from app.lake.engine_duckdb import DuckDbEngine

    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    return DuckDbEngine(spill=spill)


def crawl(lake: LakeSettings, data: Path, progress: Progress = no_progress) -> "StoredSnapshot":
    """Read a lake and its directory into a snapshot. Raises SourceError, DirectoryError."""
    from app.lake.snapshot import snapshots_folder
    from app.lake.snapshot_writer import Taken, write_snapshot
    from app.sources.registry import open_directory, open_source

    data.mkdir(parents=True, exist_ok=True, mode=0o700)  # who can read what is sensitive
    source = open_source(lake.source.reveal())
    facts = source.crawl(progress)
    label = ""
    if lake.directory is not None:
        directory = open_directory(lake.directory.reveal())
        facts, label = chain(facts, directory.crawl(progress)), directory.label
    return write_snapshot(facts, snapshots_folder(data, lake.name), Taken.now(source.label, label))


def recorded_crawl(
    settings: Settings, lake: LakeSettings, progress: Progress = no_progress
) -> "StoredSnapshot":
    """Crawl a lake and put the snapshot on record, while no audit of it runs."""
    from app.recorded_snapshots import recorded_snapshot

    with opened_state(settings) as database:
        return recorded_snapshot(
            database, lake.name, lambda: crawl(lake, settings.data, progress), str(lake.source)
        )


def newest_snapshot(lake: LakeSettings, data: Path) -> "StoredSnapshot":
    """The snapshot last seen of a lake. Raises NotFoundError when there is none."""
    from app.lake.snapshot import snapshots_folder, stored_snapshots

    stored = stored_snapshots(snapshots_folder(data, lake.name))
    if not stored:
        raise NotFoundError(
            f"There is no snapshot of {lake.name} in {data}",
            mend="Run lakewarden crawl or lakewarden audit first, or give --source",
        )
    return stored[-1]


@contextmanager
def snapshot_for(
    settings: Settings, choice: LakeChoice, lake: LakeSettings, progress: Progress = no_progress
) -> Iterator["StoredSnapshot"]:
    """The snapshot a question is about: the newest one, or a crawl of --source kept nowhere."""
    if not choice.source:
        yield newest_snapshot(lake, settings.data)
        return
    with tempfile.TemporaryDirectory(prefix="lakewarden-") as folder:
        yield crawl(lake, Path(folder), progress)


def load_policies(lake: LakeSettings) -> "Policies":
    """The policies that judge a lake. Raises PolicyError."""
    from app.core.errors import PolicyError
    from app.policy.loading import load_policies as load

    if not lake.policies.is_dir():
        raise PolicyError(
            f"There is no folder of policies {lake.policies}",
            mend="Give --policies DIR, or write starter ones with lakewarden init",
        )
    return load(lake.policies)


def compile_judge(policies: "Policies", population: "Population") -> "Judge":
    """The policies compiled for a population."""
    from app.policy.compiled import compile_judge as compiled

    return compiled(policies, population)


def settled(lake: LakeSettings) -> LakeSettings:
    """The lake with its mode known: where it is `auto`, its live parts are asked now.

    A source that cannot be asked leaves it as it is. Raises SourceError, ModeUnknownError.
    """
    from app.core.rights.asked import Asked, asked_mode
    from app.sources.registry import open_source

    if lake.mode != "auto":
        return lake
    source = open_source(lake.source.reveal())
    return replace(lake, mode=asked_mode(source.ask())) if isinstance(source, Asked) else lake


def _settled_by(lake: LakeSettings, snapshot: "StoredSnapshot") -> LakeSettings:
    """The lake with its mode known: where it is `auto`, as was said when it was crawled."""
    from app.core.rights.asked import anybody_was_asked, asked_mode
    from app.core.snapshots import lake_settings

    if lake.mode != "auto":
        return lake
    said = lake_settings(snapshot)
    return replace(lake, mode=asked_mode(said)) if anybody_was_asked(said) else lake


def lake_view(
    lake: LakeSettings, snapshot: "StoredSnapshot", policies: "Policies", data: Path | None
) -> "LakeView":
    """A snapshot opened for questions. data: where view parses are kept, or None."""
    from app.core.lake_view import LakeView
    from app.core.rights import mode_named
    from app.lake.population_index import kept_reach

    view: LakeView | None = None

    def decide(
        user: str, classes: tuple[str, ...], right: str
    ) -> tuple[bool, tuple["PolicyLine", ...]]:
        assert view is not None
        return decider(view, user, classes, right)

    decider = _Decider(policies)
    view = LakeView(
        lake=lake.name,
        snapshot=snapshot,
        mode=mode_named(lake.mode),
        engine_groups=lake.groups,
        everyone_at=lake.everyone_at,
        classes_of=_ClassesOnRequest(snapshot, policies, data),
        decide_one=decide,
        compile_judge=lambda reach: compile_judge(policies, reach.population),
        reach_of=kept_reach,
    )
    return view


class _Decider:
    """Asks policy about one subject: with pycasbin itself while the requests are few."""

    def __init__(self, policies: "Policies") -> None:
        self._policies = policies
        self._known: dict[
            tuple[str, tuple[str, ...], str], tuple[bool, tuple[PolicyLine, ...]]
        ] = {}

    def __call__(
        self, view: "LakeView", user: str, classes: tuple[str, ...], right: str
    ) -> tuple[bool, tuple["PolicyLine", ...]]:
        key = (user, classes, right)
        if key not in self._known:
            if len(self._known) >= _MANY_REQUESTS:
                self._known[key] = self._compiled(view, user, classes, right)
            else:
                self._known[key] = self._enforced(view, user, classes, right)
        return self._known[key]

    def _enforced(
        self, view: "LakeView", user: str, classes: tuple[str, ...], right: str
    ) -> tuple[bool, tuple["PolicyLine", ...]]:
        from app.policy.enforcing import enforce_one, needs_population

        if needs_population(self._policies):
            return self._compiled(view, user, classes, right)
        kind, active = directory_entry(view, user)
        return enforce_one(
            self._policies,
            SubjectEdges(view.memberships),
            f"user:{user}",
            classes,
            right,
            kind=kind,
            active=active,
        )

    def _compiled(
        self, view: "LakeView", user: str, classes: tuple[str, ...], right: str
    ) -> tuple[bool, tuple["PolicyLine", ...]]:
        bit = view.reach.population.bit(user)
        subject = view.reach.population.subject(bit)
        allowed = all(bit in view.judge.permitted(name, right) for name in classes)
        deciding = [view.judge.deciding_line(subject, name, right) for name in classes]
        return allowed, tuple(dict.fromkeys(line for line in deciding if line is not None))


def directory_entry(view: "LakeView", user: str) -> tuple[str, bool]:
    """The kind of a user and whether he is active; unknown where the directory has no entry."""
    rows = view.lookup.rows("users")
    row = rows.first(("name",), (user,))
    if row < rows.count and rows.value("name", row) == user:
        return rows.value("kind", row), rows.value("active", row)
    return "unknown", False


class SubjectEdges(Mapping[str, tuple[str, ...]]):
    """Parents of policy subjects, looked up in a snapshot as they are asked for."""

    def __init__(self, memberships: "Memberships") -> None:
        self._memberships = memberships

    def __getitem__(self, subject: str) -> tuple[str, ...]:
        if subject == "everyone":
            return ("role:public",)
        kind, _, name = subject.partition(":")
        parents = [
            f"{edge.of[0].lower()}:{edge.of[1]}"
            for edge in self._memberships.parents((kind.upper(), name))
            if edge.source != "everyone"
        ]
        if not parents:
            raise KeyError(subject)
        return tuple(sorted(parents))

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class _ClassesOnRequest:
    """Classifies just the tables that a question is about, on an engine of its own."""

    def __init__(self, snapshot: "StoredSnapshot", policies: "Policies", data: Path | None) -> None:
        self._snapshot = snapshot
        self._policies = policies
        self._data = data
        self._known: dict[int, tuple[ClassOnTable, ...]] = {}

    def __call__(self, tables: tuple[int, ...]) -> Mapping[int, tuple["ClassOnTable", ...]]:
        missing = tuple(table for table in tables if table not in self._known)
        if missing:
            self._known.update(self._classified(missing))
        return {table: self._known[table] for table in tables}

    def _classified(self, tables: tuple[int, ...]) -> Mapping[int, tuple["ClassOnTable", ...]]:
        from app.core.table_classes import classes_of_tables

        engine = new_engine()
        try:
            engine.open_snapshot(self._snapshot)
            return classes_of_tables(
                engine, self._policies.classification, view_parses(self._data), tables
            )
        finally:
            engine.close()


def audit_parts(lake: LakeSettings, data: Path, policies: "Policies", fail_on: str) -> "AuditParts":
    """What an audit of a lake is made from. Raises ModeUnknownError, SourceError."""
    from app.audit import AuditParts
    from app.core.rights import mode_named
    from app.lake.results import spill_folder

    lake = settled(lake)
    return AuditParts(
        lake=lake.name,
        data=data,
        mode=mode_named(lake.mode),
        engine_groups=lake.groups,
        everyone_at=lake.everyone_at,
        policies=policies,
        compile_judge=compile_judge,
        new_engine=lambda: new_engine(spill_folder(data, lake.name)),
        view_parses=view_parses(data),
        fail_on=fail_on,
    )


def run_audit(
    settings: Settings,
    lake: LakeSettings,
    *,
    fail_on: str = "SEV4",
    crawl_first: bool = True,
    progress: Progress = no_progress,
) -> "RecordedRun":
    """Audit a lake and record the run. Policies and mode are checked before the crawl."""
    from app.recorded_audit import audit_lake

    parts = audit_parts(lake, settings.data, load_policies(lake), fail_on)

    def take(progress: Progress) -> "StoredSnapshot":
        if crawl_first:
            return crawl(lake, settings.data, progress)
        return newest_snapshot(lake, settings.data)

    with opened_state(settings) as database:
        return audit_lake(parts, database, take, str(lake.source), progress)


def view_parses(data: Path | None) -> "ViewParses":
    """Where parsed view texts are kept between runs; in memory without a data folder."""
    from app.core.view_text import MemoryViewParses
    from app.lake.view_parse_cache import ViewParseFile

    return MemoryViewParses() if data is None else ViewParseFile(data / "view-parses.parquet")


def utc_now() -> str:
    """Now, in UTC, ISO 8601 to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def opened_state(settings: Settings) -> Iterator["Database"]:
    """The state database, closed afterwards."""
    from app.store.schema import open_database

    database = open_database(settings.database.reveal())
    try:
        yield database
    finally:
        database.close()


def pepper(settings: Settings) -> "Pepper":
    """What token hashes are made with."""
    from app.store.pepper import load_pepper

    return load_pepper(settings.data, settings.pepper.reveal() if settings.pepper else None)


def past_runs(
    session: "Session", settings: Settings, lake: LakeSettings, start: datetime, end: datetime
) -> list["PastRun"]:
    """The whole runs of a lake between two times, and the one in force when they start."""
    from app.core.history import PastRun
    from app.store import runs

    found = [each for each in runs.every_run(session, lake.name) if each.state == "whole"]
    found.sort(key=lambda run: run.started_at)
    before = [run for run in found if run.started_at < start][-1:]
    wanted = [*before, *(run for run in found if start <= run.started_at <= end)]
    if not wanted:
        raise NotFoundError(f"{lake.name} has no whole run from then", mend="Widen the dates")
    policies = load_policies(lake)
    return [
        PastRun(
            run.id,
            run.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            _past_view(settings, lake, run.snapshot, policies),
        )
        for run in wanted
    ]


def _past_view(
    settings: Settings, lake: LakeSettings, content_hash: str | None, policies: "Policies"
) -> "LakeView | None":
    from app.lake.snapshot import snapshots_folder, stored_snapshots

    for stored in stored_snapshots(snapshots_folder(settings.data, lake.name)):
        if stored.content_hash == content_hash:
            return lake_view(lake, stored, policies, settings.data)
    return None


def prepare_demonstration(data: Path, seed: int, port: int) -> Path:
    """Build the demonstration lake into a folder, with its settings; return the settings file.

    The policies are the starter ones that come with Lakewarden.
    """
    from app.demo import build_demonstration

    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    built = build_demonstration(data / "lake", seed=seed)
    config = data / "lakewarden.toml"
    config.write_text(
        "# The demonstration's settings, written by `lakewarden demo`.\n"
        'data = "."\n'
        f"policies = {json.dumps(str(starter_policies()))}\n\n"
        f'[server]\nhost = "127.0.0.1"\nport = {port}\n\n'
        "[lakes.demo]\n"
        f"source = {json.dumps('metastore+sqlite:///' + str(built.metastore.resolve()))}\n"
        f"directory = {json.dumps('csv:' + str(built.directory.resolve()))}\n"
        f'mode = "{built.mode}"\n'
        f'groups = "{built.groups}"\n',
        encoding="utf-8",
    )
    return config


def starter_policies() -> Path:
    """The folder of the policies that come with Lakewarden."""
    import policies

    return Path(next(iter(policies.__path__))).resolve()


@contextmanager
def opened_view(
    config: Path | None,
    choice: LakeChoice,
    progress: Progress = no_progress,
    *,
    with_policies: bool = True,
) -> Iterator["LakeView"]:
    """A lake opened for questions, from a command's options.

    with_policies: False for the engine's answers alone; then no table has a class, and what
    the view says policy allows means nothing.
    """
    from app.core.rights import mode_named
    from app.settings import load_settings

    settings = load_settings(config)
    lake = choose_lake(settings, choice)
    lake = _settled_before(lake, crawled=bool(choice.source))
    policies = load_policies(lake) if with_policies else None
    with snapshot_for(settings, choice, lake, progress) as snapshot:
        if policies is not None:
            data = None if choice.source else settings.data  # of --source nothing is kept
            yield lake_view(lake, snapshot, policies, data)
        else:
            yield _engine_view(lake, snapshot, mode_named(_settled_by(lake, snapshot).mode))


def _settled_before(lake: LakeSettings, *, crawled: bool) -> LakeSettings:
    """The mode checked before anything is read for nothing.

    crawled: the lake will be; a snapshot kept earlier says itself what `auto` was then.
    Raises ModeUnknownError.
    """
    from app.core.rights import mode_named

    if crawled:
        lake = settled(lake)
    if crawled or lake.mode != "auto":
        mode_named(lake.mode)
    return lake


def view_of_run(settings: Settings, lake: LakeSettings, run: "Run") -> "tuple[LakeView, Policies]":
    """The snapshot that a whole run judged, under its mode, and the policies of now.

    Where the run was judged by these same policies its own record of classes answers.
    Raises NotFoundError where the snapshot was pruned.
    """
    from app.core.rights import mode_named
    from app.lake.recorded_classes import RecordedClasses
    from app.lake.snapshot import snapshots_folder, stored_snapshots

    folder = snapshots_folder(settings.data, run.lake)
    found = [each for each in stored_snapshots(folder) if each.content_hash == run.snapshot]
    if not found:
        raise NotFoundError(f"The snapshot of run {run.id} is gone", mend="It may have been pruned")
    policies = load_policies(lake)
    view = lake_view(lake, found[0], policies, settings.data)
    recorded = None if run.results_path is None else Path(run.results_path, "classes.parquet")
    if recorded is not None and recorded.is_file() and policies.digest == run.policies_digest:
        classes = RecordedClasses(recorded, policies.classification, view.lookup)
        view = replace(view, classes_of=classes)
    if run.mode and run.mode != lake.mode:
        view = replace(view, mode=mode_named(run.mode))
    return view, policies


def _engine_view(
    lake: LakeSettings, snapshot: "StoredSnapshot", mode: "AuthorizationMode"
) -> "LakeView":
    from app.core.errors import PolicyError
    from app.core.lake_view import LakeView

    def no_judge(reach: object) -> "Judge":
        raise PolicyError("There are no policies to judge by", mend="Give --policies DIR")

    return LakeView(
        lake=lake.name,
        snapshot=snapshot,
        mode=mode,
        engine_groups=lake.groups,
        everyone_at=lake.everyone_at,
        classes_of=lambda tables: {},
        decide_one=lambda user, classes, right: (False, ()),
        compile_judge=no_judge,
    )


@dataclass(frozen=True, slots=True)
class CheckPlace:
    """What a check judges on, and by whose policies.

    snapshot_file: an exported snapshot in place of the lake's newest, checked by `keys`.
    policies_ref: the commit of `repository` at which policies are read; None: as they stand.
    """

    snapshot_file: Path | None = None
    keys: tuple[Path, ...] = ()
    repository: "Repository | None" = None
    policies_ref: str | None = None


@contextmanager
def opened_check(
    settings: Settings, choice: LakeChoice, place: CheckPlace, progress: Progress = no_progress
) -> Iterator["CheckParts"]:
    """A lake opened for a check, judged by the policies of the base.

    Where the working tree's policies differ from those, what that allows and flags stands
    beside. Raises PolicyError, SnapshotError, NotFoundError, ModeUnknownError.
    """
    from app.check import CheckParts

    lake = _lake_of_check(settings, choice, place)
    crawled = bool(choice.source) and place.snapshot_file is None
    lake = _settled_before(lake, crawled=crawled)
    with tempfile.TemporaryDirectory(prefix="lakewarden-") as scratch:
        policies, words = _policies_of_base(lake, place, Path(scratch))
        with _snapshot_of_check(settings, choice, lake, place, Path(scratch), progress) as snapshot:
            kept = not choice.source and place.snapshot_file is None
            files, changed = _changed_policies(lake, place)
            yield CheckParts(
                view=lake_view(lake, snapshot, policies, settings.data if kept else None),
                policies=policies,
                policies_from=words,
                seen_at=snapshot.seen_at,
                now=datetime.now(UTC),
                beside=_beside(lake, snapshot, policies, files, Path(scratch), progress),
                beside_files=tuple(changed),
                notes=tuple(f"{file.name} is changed too" for file in files),
            )


def _lake_of_check(settings: Settings, choice: LakeChoice, place: CheckPlace) -> LakeSettings:
    if place.snapshot_file is None or choice.lake or len(settings.lakes) == 1:
        return choose_lake(settings, choice)
    # Without settings the options say what the snapshot does not: mode, groups, policies.
    named = replace(choice, source=f"snapshot:{place.snapshot_file.name}", lake=None)
    return replace(_lake_of_source(settings, named), name="snapshot")


@contextmanager
def _snapshot_of_check(
    settings: Settings,
    choice: LakeChoice,
    lake: LakeSettings,
    place: CheckPlace,
    scratch: Path,
    progress: Progress,
) -> Iterator["StoredSnapshot"]:
    if place.snapshot_file is None:
        with snapshot_for(settings, choice, lake, progress) as snapshot:
            yield snapshot
        return
    from app.lake.export import import_snapshot

    if not place.snapshot_file.is_file():
        raise NotFoundError(
            f"There is no file {place.snapshot_file}",
            mend="Give what lakewarden snapshot export wrote",
        )
    progress("opening the snapshot", 0, None)
    yield import_snapshot(place.snapshot_file, scratch / "snapshots", place.keys)


def _policies_of_base(
    lake: LakeSettings, place: CheckPlace, scratch: Path
) -> tuple["Policies", str]:
    """The policies that judge, and in words where they were read."""
    from app.core.errors import PolicyError

    if place.repository is None or place.policies_ref is None:
        return load_policies(lake), f"of {_shown_folder(lake.policies)}, as it stands"
    within = place.repository.inside(lake.policies)
    commit = place.policies_ref[:12]
    if within is None:
        return (
            load_policies(lake),
            f"of {_shown_folder(lake.policies)}, outside of the repository, as it stands",
        )
    target = scratch / "base" / (lake.policies.name or "policies")
    if not place.repository.write_folder_at(place.policies_ref, within, target):
        raise PolicyError(
            f"There are no policies in {within} at {commit}",
            mend="Merge the policies first, or name with --policies-ref a commit that has them",
        )
    return load_policies(replace(lake, policies=target)), f"of {within} at {commit}"


def _shown_folder(folder: Path) -> str:
    return folder.name if folder.is_absolute() else folder.as_posix()


def _changed_policies(
    lake: LakeSettings, place: CheckPlace
) -> tuple[tuple["PolicyFile", ...], list["CheckedFile"]]:
    """The policies' files that the working tree has otherwise than the base."""
    from app.core.findings import CheckedFile
    from app.core.policy_change import PolicyFile

    if place.repository is None or place.policies_ref is None:
        return (), []
    within = place.repository.inside(lake.policies)
    if within is None:
        return (), []
    found = []
    for changed in place.repository.changed_files(place.policies_ref):
        if not changed.path.startswith(f"{within}/"):
            continue
        now = place.repository.root / changed.path
        before = place.repository.file_at(place.policies_ref, changed.path) or b""
        after = now.read_bytes() if now.is_file() else b""
        texts = (content.decode("utf-8-sig", "replace") for content in (before, after))
        found.append(PolicyFile(changed.path, *texts))
    return tuple(found), [CheckedFile(file.name, file.after, 0) for file in found]


def _beside(
    lake: LakeSettings,
    snapshot: "StoredSnapshot",
    base: "Policies",
    files: tuple["PolicyFile", ...],
    scratch: Path,
    progress: Progress,
) -> tuple["Finding", ...]:
    """What the changed policies newly allow or flag on the snapshot."""
    from app.core.check_rules import POLICY_UNREADABLE, cannot_judge
    from app.core.errors import PolicyError
    from app.core.policy_change import policy_findings

    if not files:
        return ()
    try:
        changed = load_policies(lake)
    except PolicyError as problem:
        return (cannot_judge(POLICY_UNREADABLE, problem.message, files[0].name, problem.mend),)
    if changed.digest == base.digest:
        return ()  # only waivers, tests or notes: what decides is the same
    before = _judged(lake, snapshot, base, scratch, "before", progress)
    after = _judged(lake, snapshot, changed, scratch, "after", progress)
    return tuple(policy_findings(before, after, files))


def _judged(
    lake: LakeSettings,
    snapshot: "StoredSnapshot",
    policies: "Policies",
    scratch: Path,
    run: str,
    progress: Progress,
) -> "Judged":
    """A snapshot judged as an audit does, nothing of it recorded."""
    import pyarrow.parquet as pq

    from app.audit import AuditRun, audit_snapshot
    from app.core.policy_change import COLUMNS, Judged
    from app.lake.results import RunResults

    parts = audit_parts(lake, scratch / "judged", policies, "SEV4")
    told = AuditRun(run=run, started_at=utc_now(), clock=utc_now, earlier=None, baseline=True)
    results = RunResults(audit_snapshot(parts, snapshot, told, progress).folder)
    people = pq.read_table(results.parquet("population"), columns=["bit", "subject"])
    return Judged(
        exposures=pq.read_table(results.parquet("exposures"), columns=list(COLUMNS)),
        verdicts=pq.read_table(results.parquet("verdicts"), columns=["verdict", "violators"]),
        subjects=dict(zip(people["bit"].to_pylist(), people["subject"].to_pylist(), strict=True)),
    )


def has_policies(config: Path | None, choice: LakeChoice) -> bool:
    """Whether the folder of policies that a command would judge by is there at all."""
    from app.settings import load_settings

    return choose_lake(load_settings(config), choice).policies.is_dir()


def newest_results(settings: Settings, lake: LakeSettings, run: str | None = None) -> "RunResults":
    """The results of the last whole run of a lake, or of a named one."""
    from app.lake.results import RunResults
    from app.store import runs
    from app.store.database import reading_scope

    with opened_state(settings) as database, reading_scope(database) as session:
        if run is None:
            found = runs.last_whole_run(session, lake.name)
        else:
            found = run_of(session, lake.name, run)
    if found is None:
        raise NotFoundError(
            f"{lake.name} has no whole run yet", mend="Run lakewarden audit for it first"
        )
    if found.results_path is None:
        raise NotFoundError(
            f"Run {found.id} is {found.state}: {found.error or 'it has no results yet'}",
            mend="Name a whole run, or none for the last one",
        )
    return RunResults(Path(found.results_path))


def run_of(session: "Session", lake: str, run: str) -> "Run":
    """A run of a lake by its id. Raises NotFoundError for another lake's too."""
    from app.store import runs

    found = runs.run(session, run)
    if found.lake != lake:
        raise NotFoundError(f"Run {run} is of {found.lake}, not of {lake}", mend="Give its --lake")
    return found


def note_question(
    config: Path | None, choice: LakeChoice, question: str, parameters: Mapping[str, object]
) -> None:
    """Add a command's question to the data folder's audit trail, `questions.log`.

    A question about --source, which is kept nowhere, is not noted.
    """
    from app.settings import load_settings

    settings = load_settings(config)
    if choice.source or not settings.data.is_dir():
        return
    line = json.dumps(
        {
            "time": utc_now(),
            "asked_by": _asker(),
            "question": question,
            "lake": choose_lake(settings, choice).name,
            "parameters": dict(parameters),
        },
        ensure_ascii=False,
    )
    path = settings.data / "questions.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def _asker() -> str:
    """The user of the process, whatever the environment says."""
    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"cli:{os.getuid()}"
