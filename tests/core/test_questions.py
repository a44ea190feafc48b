"""Questions about one object: `can`, `who_can` and `explain` say the same of everybody."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import BadNameError, NotFoundError
from app.core.lake_view import LakeView
from app.core.names import RIGHTS
from app.core.questions import Holder, can, can_all, explain, who_can
from app.core.reasons import ALLOWED, DENIED, UNKNOWN
from tests.core import naive_hive
from tests.core.lake_views import DATABASES, allowed, objects_of, view_of
from tests.core.random_lakes import USERS, RandomLake, lakes

SOME = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MODES = st.sampled_from(("sql-standard", "legacy", "off"))


def every_holder(view: LakeView, right: str, name: str, page: int) -> list[Holder]:
    """All holders, page by page."""
    found: list[Holder] = []
    first: int | None = 0
    while first is not None:
        answer = who_can(view, right, name, first_bit=first, limit=page)
        found += answer.holders
        first = answer.next_bit
    return found


@SOME
@given(lakes(), MODES, st.sampled_from((None, "none", "directory")), st.data())
def test_who_can_is_whoever_can(
    lake: RandomLake, mode: str, groups: str | None, data: st.DataObject
) -> None:
    right = data.draw(st.sampled_from(RIGHTS))
    name = data.draw(st.sampled_from(objects_of(lake)))
    with tempfile.TemporaryDirectory() as folder:
        view = view_of(lake, Path(folder), mode, groups)
        holders = every_holder(view, right, name, page=data.draw(st.integers(1, 4)))
        assert [holder.bit for holder in holders] == sorted({holder.bit for holder in holders})
        found = {holder.subject: holder for holder in holders}
        users = view.reach.population.users
        answers = can_all(view, [(user, right, name) for user in (*users, "a stranger")])
        for answer in answers:
            is_known = answer.user in users
            holder = found.get(f"user:{answer.user}" if is_known else "anyone")
            assert (holder is not None) == (answer.answer != DENIED)
            assert (holder is not None and holder.sure) == (answer.answer == ALLOWED)
            if holder is not None and is_known:
                assert holder.permitted == (answer.permitted == "yes")
        whole = who_can(view, right, name)
        assert whole.people == sum(
            holder.kind == "person" and holder.active for holder in found.values()
        )
        assert whole.unknown == sum(holder.kind == "unknown" for holder in found.values())


@SOME
@given(lakes(), st.sampled_from(("sql-standard", "legacy")), st.data())
def test_explain_shows_what_can_says(lake: RandomLake, mode: str, data: st.DataObject) -> None:
    right = data.draw(st.sampled_from(("select", "insert", "delegate")))
    table = data.draw(st.sampled_from(lake.of("tables")))
    user = data.draw(st.sampled_from(USERS))
    name = f"{DATABASES[table['database_id']]}.{table['name']}"
    with tempfile.TemporaryDirectory() as folder:
        view = view_of(lake, Path(folder), mode)
        answer = can(view, user, right, name)
        found = explain(view, user, right, name)
        assert found.answer == answer
        assert answer.permitted == (
            "yes" if allowed(user, tuple(c.data_class for c in found.classes), right) else "no"
        )
        if mode == "sql-standard":
            assert (answer.answer == ALLOWED) == naive_hive.sql_standard(lake, user, right, table)
        if answer.answer == ALLOWED:
            assert found.paths
            assert not found.refusals
        for path in (*found.paths, *found.refusals, *(path for path, _ in found.inert)):
            steps = [edge.member for edge in path.edges] + [
                (path.grant.principal_type, path.grant.principal)
            ]
            assert steps[0] == ("USER", user)
            for edge, following in zip(path.edges, steps[1:], strict=True):
                assert edge.of == following


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    table = {
        "table_id": 0,
        "database_id": 0,
        "name": "keys0",
        "kind": "MANAGED_TABLE",
        "owner": None,
        "owner_type": None,
        "location": None,
        "create_time": 0,
        "view_text": None,
        "view_original_text": None,
    }
    database = {"catalog": "hive", "owner": None, "owner_type": None, "location": None}
    lake = RandomLake(
        {
            "databases": [{"database_id": 0, "name": "default", "kind": "NATIVE", **database}],
            "tables": [table],
        }
    )
    view = view_of(lake, tmp_path, "sql-standard")
    assert can(view, "ann", "select", "default.nothing").answer == UNKNOWN
    assert can(view, "ann", "select", "a..b").permitted == ""
    for question in (who_can, lambda *asked: explain(asked[0], "ann", *asked[1:])):
        with pytest.raises(NotFoundError):
            question(view, "select", "default.nothing")
        with pytest.raises(BadNameError):
            question(view, "read", "default.keys0")
        with pytest.raises(BadNameError):
            question(view, "select", "`default")
