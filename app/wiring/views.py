"""A lake opened for questions: a snapshot, its mode, its classes and its policies."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.facts import Progress, no_progress
from app.settings import LakeSettings
from app.wiring.deciding import Decider
from app.wiring.engines import new_engine, view_parses
from app.wiring.lakes import LakeChoice, choose_lake, settled_before, settled_by
from app.wiring.policies import compile_judge, load_policies
from app.wiring.snapshots import snapshot_for

if TYPE_CHECKING:
    from app.core.lake_view import ClassOnTable, LakeView
    from app.core.rights.mode import AuthorizationMode
    from app.core.verdicts import Judge, Policies, PolicyLine
    from app.lake.snapshot import StoredSnapshot


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

    decider = Decider(policies)
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
    lake = settled_before(lake, crawled=bool(choice.source))
    policies = load_policies(lake) if with_policies else None
    with snapshot_for(settings, choice, lake, progress) as snapshot:
        if policies is not None:
            data = None if choice.source else settings.data  # of --source nothing is kept
            yield lake_view(lake, snapshot, policies, data)
        else:
            yield _engine_view(lake, snapshot, mode_named(settled_by(lake, snapshot).mode))


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
