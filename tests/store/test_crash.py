"""A process killed in the middle of recording a run leaves the run before it standing."""

import subprocess
import sys

import pytest

from app.store.database import Database, reading_scope
from app.store.runs import last_whole_run, list_runs
from app.store.snapshots import list_snapshots
from tests.store import recorded_audit
from tests.store.recorded_audit import MOMENTS, audit


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment(database: Database, state_url: str, moment: str) -> None:
    before = audit(state_url, "before")
    command = [sys.executable, str(recorded_audit.__file__), state_url, "killed", moment]
    assert subprocess.run(command, check=False).returncode == -9
    is_whole = moment == "finished"
    with reading_scope(database) as session:
        last = last_whole_run(session, "prod")
        taken = {record.content_hash for record in list_snapshots(session).items}
    assert last is not None
    assert (last.id == before) is not is_whole
    assert taken == ({"before", "killed"} if is_whole else {"before"})

    after = audit(state_url, "after")  # at once: the dead process holds nothing up
    with reading_scope(database) as session:
        runs = list_runs(session).items
    assert (runs[0].id, runs[0].state, runs[0].previous_run) == (after, "whole", last.id)
    is_left_failed = moment in ("begun", "recorded", "finishing")
    states = [run.state for run in runs]
    assert states.count("whole") == (3 if is_whole else 2)
    assert states.count("failed") == (1 if is_left_failed else 0)
    assert states.count("running") == 0
