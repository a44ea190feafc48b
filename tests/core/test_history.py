"""Who could, in some runs, against each run asked by itself."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import NotFoundError
from app.core.history import PastRun, who_could
from app.core.questions import who_can
from tests.core.lake_views import objects_of, view_of
from tests.core.random_lakes import RandomLake, lakes


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(lakes(), min_size=1, max_size=3), st.data())
def test_it_is_the_union_of_the_runs(found: list[RandomLake], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(objects_of(found[0])))
    right = data.draw(st.sampled_from(("select", "insert", "own")))
    with tempfile.TemporaryDirectory() as folder:
        runs = [
            PastRun(f"run {number}", f"2026-06-0{number + 1}", None if number == 2 else view)
            for number, view in enumerate(
                view_of(lake, Path(folder, str(number)), "sql-standard")
                for number, lake in enumerate(found)
            )
        ]
        could = who_could(runs, right, name)
        seen: dict[str, list[str]] = {}
        for run, lake in zip(runs, found, strict=True):
            if run.view is not None and name in objects_of(lake):
                for holder in who_can(run.view, right, name, limit=1000).holders:
                    seen.setdefault(holder.subject, []).append(run.run)
            else:
                assert run.run in could.about["missing_in"]
        assert [row["subject"] for row in could.rows] == sorted(seen)
        for row in could.rows:
            when = seen[row["subject"]]
            assert (row["first_run"], row["last_run"], row["runs"]) == (
                when[0],
                when[-1],
                len(when),
            )
            assert row["first_seen"] == f"2026-06-0{int(when[0][-1]) + 1}"


def test_runs_that_are_pruned_answer_nothing() -> None:
    with pytest.raises(NotFoundError, match="No run of that time knows"):
        who_could([PastRun("a", "2026-01-01", None)], "select", "default.keys0")
