"""The state database, and what a run on record left."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import NotFoundError
from app.settings import LakeSettings, Settings

if TYPE_CHECKING:
    from app.lake.results import RunResults
    from app.store.database import Database, Session
    from app.store.pepper import Pepper
    from app.store.runs import Run


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
