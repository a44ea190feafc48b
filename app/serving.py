"""What the API is served from: `app.web`'s Services, built from the rooms."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from app import __version__, wiring
from app.core.errors import NotFoundError, SnapshotError
from app.core.history import PastRun
from app.core.incidents import Plan
from app.core.lake_view import LakeView
from app.core.run_report import RunReport
from app.core.waivers import WaiverVerdicts
from app.incident_plans import incident_exposures, plans_of
from app.lake.results import RunResults
from app.long_questions import (
    changes_between,
    lineage_of,
    what_user_can,
    who_could_between,
)
from app.recorded_waivers import apply_lake_waivers, measured_waivers
from app.settings import LakeSettings, Settings
from app.store.database import Database
from app.store.runs import Run
from app.web.services import (
    CheckQuestion,
    Condition,
    ExposureQuery,
    LakeDescription,
    LoadedPolicies,
    Services,
    Slice,
)


def services(settings: Settings, database: Database) -> Services:
    """Everything `create_app` needs."""
    views = _Views(settings)
    return Services(
        version=__version__,
        database=database,
        pepper=wiring.pepper(settings),
        lakes={name: _description(lake) for name, lake in settings.lakes.items()},
        open_view=views.open,
        results=_Results(),
        questions=_Questions(views, settings.data),
        policies=lambda name: _loaded_policies(settings.lake(name)),
        audit=lambda name, progress: (
            wiring.run_audit(settings, settings.lake(name), progress=progress).run.id
        ),
        check=_Checks(settings, views),
        incidents=_Incidents(settings, database),
    )


def _description(lake: LakeSettings) -> LakeDescription:
    return LakeDescription(
        name=lake.name,
        source=str(lake.source),
        directory=None if lake.directory is None else str(lake.directory),
        mode=lake.mode,
        groups=lake.groups,
        everyone_at=lake.everyone_at,
        schedule=lake.schedule,
    )


def _loaded_policies(lake: LakeSettings) -> LoadedPolicies:
    from app.policy.lint import lint

    policies = wiring.load_policies(lake)
    findings = tuple(
        {
            "level": found.severity,
            "rule": found.rule,
            "place": f"{found.file}:{found.line}",
            "message": found.message,
            "mend": found.mend,
        }
        for found in lint(policies)
    )
    return LoadedPolicies(policies, findings)


class _Views:
    """Snapshots of runs, opened for questions under the run's mode."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def open(self, run: Run) -> LakeView:
        """The snapshot that a run judged. Raises NotFoundError where it was pruned."""
        view, _ = wiring.view_of_run(self._settings, self._settings.lake(run.lake), run)
        return view


class _Incidents:
    """Incidents of runs, by the policies as they stand."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database

    def exposures(self, run: Run, key: str, limit: int) -> Sequence[dict[str, Any]]:
        if run.results_path is None:
            return ()
        return incident_exposures(Path(run.results_path), key, wiring.new_engine, limit)

    def plans(self, run: Run, key: str) -> Sequence[Plan]:
        if run.results_path is None:
            raise NotFoundError(f"Run {run.id} has no results", mend="Name a whole run")
        view, policies = wiring.view_of_run(self._settings, self._settings.lake(run.lake), run)
        return plans_of(view, policies, Path(run.results_path), key, wiring.new_engine)

    def waivers(self, lake: str) -> WaiverVerdicts:
        of_file = wiring.load_policies(self._settings.lake(lake)).waivers
        return measured_waivers(self._database, lake, of_file, wiring.new_engine)[1]

    def apply_waivers(self, lake: str, actor: str) -> WaiverVerdicts:
        named = self._settings.lake(lake)
        return apply_lake_waivers(
            self._database,
            lake,
            wiring.load_policies(named).waivers,
            wiring.new_engine,
            actor,
            wiring.mends_of(self._settings, named),
        )


class _Checks:
    """Changes checked on runs' snapshots, by the lakes' policies as they stand then."""

    def __init__(self, settings: Settings, views: _Views) -> None:
        self._settings = settings
        self._views = views
        # By lake: what was opened last. Who is behind what is worked out once for it.
        self._opened: dict[str, tuple[str, str, LakeView]] = {}

    def __call__(self, run: Run, question: CheckQuestion) -> Mapping[str, Any]:
        from app.check import CheckParts, CheckRequest, SqlFile, check_change
        from app.report.check_json import check_document

        policies = wiring.load_policies(self._settings.lake(run.lake))
        parts = CheckParts(
            view=self._view(run, policies.digest),
            policies=policies,
            policies_from="of the server",
            seen_at=run.started_at,
            now=datetime.now(UTC),
        )
        request = CheckRequest(
            files=tuple(SqlFile(name, text.encode()) for name, text in question.files),
            dialect=question.dialect,
            runner=question.runner,
            variables=question.variables,
            fail_on=question.fail_on,
            max_age=question.max_age,
            suppressions=question.suppressions,
            effects=question.effects,
        )
        return check_document(check_change(parts, request).report)

    def _view(self, run: Run, digest: str) -> LakeView:
        known = self._opened.get(run.lake)
        if known is not None and known[:2] == (run.id, digest):
            return known[2]
        view = self._views.open(run)
        self._opened[run.lake] = (run.id, digest, view)
        return view


class _Results:
    """What runs concluded, from their folders."""

    def report(self, run: Run) -> RunReport:
        return results_of(run).report()

    def exposures(self, run: Run, query: ExposureQuery) -> Iterator[pa.RecordBatch]:
        return results_of(run).page(
            wiring.new_engine, query.conditions, query.sort, query.after, query.limit
        )

    def count(self, run: Run, conditions: Sequence[Condition]) -> int:
        return results_of(run).count(wiring.new_engine, conditions)

    def openings(self, run: Run) -> pa.Table:
        return results_of(run).openings()


def results_of(run: Run) -> RunResults:
    """The results of a whole run. Raises NotFoundError where they were pruned."""
    if run.results_path is None:
        raise NotFoundError(f"Run {run.id} has no results", mend="It may not be whole yet")
    return RunResults(Path(run.results_path))


class _Questions:
    """The long questions, as the API asks them."""

    def __init__(self, views: _Views, data: Path) -> None:
        self._views = views
        self._data = data

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
        page = what_user_can(
            wiring.new_engine,
            view,
            user,
            right,
            entry=wiring.directory_entry(view, user),
            not_allowed=not_allowed,
            after=None if after is None else str(after),
            limit=limit,
        )
        return Slice(page.rows, page.next, page.about)

    def who_could(
        self,
        runs: Sequence[Run],
        right: str,
        object_text: str,
        *,
        after: str | int | None,
        limit: int,
    ) -> Slice:
        past = [PastRun(run.id, _utc(run), self._view_or_none(run)) for run in runs]
        found = who_could_between(past, right, object_text)
        skip = int(after or 0)
        rows = found.rows[skip : skip + limit]
        following = skip + limit if skip + limit < len(found.rows) else None
        return Slice(rows, following, found.about)

    def _view_or_none(self, run: Run) -> LakeView | None:
        try:
            return self._views.open(run)
        except (NotFoundError, SnapshotError):
            return None

    def lineage(self, view: LakeView, object_text: str) -> Mapping[str, Any]:
        parses = wiring.view_parses(self._data)
        return lineage_of(wiring.new_engine, parses, view, object_text)

    def changes(self, earlier: Run, later: Run, *, after: str | int | None, limit: int) -> Slice:
        skip = int(after or 0)
        found = changes_between(
            wiring.new_engine,
            results_of(earlier).folder,
            results_of(later).folder,
            skip=skip,
            limit=limit,
        )
        return Slice(found.rows, skip + limit if found.more else None, {"counts": found.counts})


def _utc(run: Run) -> str:
    return run.started_at.strftime("%Y-%m-%dT%H:%M:%SZ")
