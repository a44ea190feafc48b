"""A lake's waivers, measured on its last whole run, and applied between its runs."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.core.engine import Engine
from app.core.errors import ConflictError
from app.core.incident_life import apply_waivers
from app.core.incident_telling import RunSight
from app.core.verdicts import Waiver
from app.core.waiver_measure import measure_waivers, unmeasured
from app.core.waivers import API, FILE, SourcedWaiver, WaiverVerdicts
from app.lake.recorded_incidents import read_pairs
from app.store import incident_writing, incidents, runs, waivers
from app.store.database import Database, Session, reading_scope, session_scope
from app.store.incident_documents import utc_text
from app.store.runs import Run
from app.telling_mends import Draft, MendsAskedError, ToldMends

#: Somebody makes or ends a waiver just then; that this often in a row is no accident.
MOST_TRIES = 20


def now_text() -> str:
    """This moment, as records and events say it."""
    return utc_text(datetime.now(UTC))


def measured_waivers(
    database: Database,
    lake: str,
    of_file: Sequence[Waiver],
    new_engine: Callable[[], Engine],
) -> tuple[Run | None, WaiverVerdicts]:
    """The lake's waivers, of the file and of the API, measured on its last whole run."""
    with reading_scope(database) as session:
        run = runs.last_whole_run(session, lake)
        wanted = all_waivers(session, lake, of_file)
    return run, measured_on(results_of(run), lake, wanted, new_engine)


def apply_lake_waivers(
    database: Database,
    lake: str,
    of_file: Sequence[Waiver],
    new_engine: Callable[[], Engine],
    actor: str = "",
    draft: Callable[[Run], Draft] | None = None,
) -> WaiverVerdicts:
    """Let the waivers of now count, between runs: some were made, or ended since.

    What expired or was outgrown makes its incidents loud again, in one transaction with
    their notices. of_file: those of waivers.yaml. actor: whose act it is, if anybody's.
    draft: what makes mends of a run's incidents for the notices.
    """
    mends: ToldMends | None = None
    for _ in range(MOST_TRIES):
        run, waived = measured_waivers(database, lake, of_file, new_engine)
        if run is None:
            return waived
        mends = mends or ToldMends(None if draft is None else draft(run))
        try:
            if _waivers_applied(database, lake, of_file, run, waived, actor, mends):
                return waived
        except MendsAskedError:
            mends.make()
    raise restless(lake)


def _waivers_applied(
    database: Database,
    lake: str,
    of_file: Sequence[Waiver],
    run: Run,
    waived: WaiverVerdicts,
    actor: str,
    mends: ToldMends,
) -> bool:
    """False where the waivers or the newest run are others by now."""
    with session_scope(database) as session:
        incidents.lock_lake(session, lake)
        newest = runs.last_whole_run(session, lake)
        wanted = all_waivers(session, lake, of_file)
        if newest is None or newest.id != run.id or not is_of(waived, wanted):
            return False
        before = incidents.incidents_of_lake(session, lake)
        now = now_text()
        sight = RunSight(run=run.id, lake=lake, began=now, now=now, complete=False, mend_of=mends)
        changes = apply_waivers(before.values(), sight, waived, actor)
        mends.require()
        incident_writing.write_changes(session, changes, before)
        return True


def all_waivers(
    session: Session, lake: str, of_file: Sequence[Waiver]
) -> tuple[SourcedWaiver, ...]:
    """Those of the file and those that were made here."""
    made = waivers.waivers_of_lake(session, lake)
    return (
        *(SourcedWaiver(each, FILE) for each in of_file),
        *(SourcedWaiver(each.waiver, API) for each in made),
    )


def is_of(waived: WaiverVerdicts, wanted: Sequence[SourcedWaiver]) -> bool:
    """Whether these are the waivers that were measured: ids are never used again."""
    measured = {each.waiver.waiver for each in waived.measured}
    return measured == {each.waiver.waiver for each in wanted}


def measured_on(
    folder: Path | None,
    lake: str,
    wanted: Sequence[SourcedWaiver],
    new_engine: Callable[[], Engine],
) -> WaiverVerdicts:
    """What waivers come to on a run's results; without any, they cover nothing."""
    today = datetime.now(UTC).date().isoformat()
    if not wanted or folder is None or not folder.is_dir():
        return unmeasured(wanted, today)
    engine = new_engine()
    try:
        return measure_waivers(engine, folder, read_pairs(folder), wanted, lake=lake, today=today)
    finally:
        engine.close()


def results_of(run: Run | None) -> Path | None:
    """The folder of a run's results."""
    return None if run is None or run.results_path is None else Path(run.results_path)


def restless(lake: str) -> ConflictError:
    """What is said when waivers change in every try."""
    return ConflictError(f"the waivers of {lake} change all the time", mend="Try again")
