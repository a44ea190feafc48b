"""Runs of before, opened for questions."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import NotFoundError
from app.settings import LakeSettings, Settings
from app.wiring.policies import load_policies
from app.wiring.views import lake_view

if TYPE_CHECKING:
    from app.core.history import PastRun
    from app.core.lake_view import LakeView
    from app.core.verdicts import Policies
    from app.store.database import Session
    from app.store.runs import Run


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
