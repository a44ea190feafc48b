"""What makes mends for a run's alerts, from the run's own snapshot and results."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import LakeSettings, Settings
from app.wiring.past_views import view_of_run

if TYPE_CHECKING:
    from app.core.incidents import Plan
    from app.store.runs import Run
    from app.telling_mends import Draft


def mends_of(settings: Settings, lake: LakeSettings) -> "Callable[[Run], Draft]":
    """Makes mends of incidents as a run saw them; none where its results are gone."""

    def of_run(run: "Run") -> "Draft":
        def made(keys: Collection[str]) -> "Mapping[str, Plan]":
            from app.incident_plans import draft_mends
            from app.lake.recorded_incidents import read_incidents

            folder = Path(run.results_path or "")
            if not run.results_path or not folder.is_dir():
                return {}
            wanted = [each for each in read_incidents(folder) if each.key in set(keys)]
            view, policies = view_of_run(settings, lake, run)
            return draft_mends(view, policies, folder, wanted)

        return made

    return of_run
