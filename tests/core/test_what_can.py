"""Everything a user can do, against a loop that asks about each object."""

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.lake_view import LakeView, class_names
from app.core.names import RIGHTS
from app.core.questions import can
from app.core.reasons import ALLOWED as CAN
from app.core.reasons import DENIED
from app.core.what_can import HeldObject, Key, what_can
from app.lake.engine_duckdb import DuckDbEngine
from tests.core.lake_views import allowed, objects_of, view_of
from tests.core.random_lakes import COLUMNS, USERS, RandomLake, lakes

ASKED = (*USERS, "stranger")


def held_by(
    view: LakeView, user: str, right: str, *, not_allowed: bool = False, after: Key = (-1, -1)
) -> Iterator[HeldObject]:
    """What the question answers."""
    with DuckDbEngine(threads=1) as engine:
        engine.open_snapshot(view.snapshot)
        yield from what_can(
            engine, view, user, right, view.classes_of, not_allowed=not_allowed, after=after
        )


def held_in_a_loop(
    view: LakeView, lake: RandomLake, user: str, right: str
) -> Iterator[tuple[str, str, tuple[str, ...], bool]]:
    """Object, answer, columns (where not the whole) and permitted, asked one by one."""
    for name in objects_of(lake):
        answer = can(view, user, right, name)
        is_table = "." in name
        if answer.answer != DENIED:
            yield name, answer.answer, (), answer.permitted == "yes"
        elif is_table and right == "select" and view.mode.has_parts:
            columns = tuple(
                column
                for column in COLUMNS
                if can(view, user, right, f"{name}.{column}").answer != DENIED
            )
            if columns:
                place = view.place(name)
                held = [each for each in view.classes_at(place) if each.column in ("", *columns)]
                permitted = allowed(user, class_names(tuple(held)), right)
                yield name, CAN, columns, permitted


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lakes(),
    st.sampled_from(("sql-standard", "legacy", "legacy", "off")),
    st.sampled_from(("directory", "none", None)),
    st.sampled_from(ASKED),
    st.sampled_from(RIGHTS),
)
def test_it_is_what_a_loop_over_all_objects_finds(
    lake: RandomLake, mode: str, groups: str | None, user: str, right: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        view = view_of(lake, Path(folder), mode, groups)
        found = list(held_by(view, user, right))
        loop = list(held_in_a_loop(view, lake, user, right))
        said = [(each.object, each.answer, each.columns) for each in found]
        assert said == [(name, answer, columns) for name, answer, columns, _ in loop]
        assert [each.permitted == "yes" for each in found] == [each[3] for each in loop]
        refused = [each.object for each in held_by(view, user, right, not_allowed=True)]
        assert refused == [name for name, _, _, permitted in loop if not permitted]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lakes(), st.sampled_from(("sql-standard", "legacy", "off")), st.sampled_from(ASKED))
def test_it_goes_on_from_every_place(lake: RandomLake, mode: str, user: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        view = view_of(lake, Path(folder), mode)
        whole = list(held_by(view, user, "select"))
        for place, held in enumerate(whole):
            after = list(islice(held_by(view, user, "select", after=held.key), 3))
            assert after == whole[place + 1 : place + 4]


def owned_lake(**owner: str | None) -> RandomLake:
    """Two alike tables; the second has another owner."""
    table = {
        "database_id": 0,
        "kind": "MANAGED_TABLE",
        "location": None,
        "create_time": 0,
        "view_text": None,
        "view_original_text": None,
    }
    database = {"catalog": "hive", "owner": None, "owner_type": None, "location": None}
    member = {"member_type": "USER", "member": "ann", "role": "r1", "admin_option": False}
    by = {"grantor": None, "grantor_type": None, "create_time": 0, "source_row": 1}
    return RandomLake(
        {
            "databases": [{"database_id": 0, "name": "default", "kind": "NATIVE", **database}],
            "tables": [
                {"table_id": 0, "name": "keys0", "owner": "bob", "owner_type": "USER", **table},
                {"table_id": 1, "name": "keys1", **table, **owner},
            ],
            "roles": [{"name": "r1", "create_time": 0}],
            "role_members": [{**member, **by}],
        }
    )


@pytest.mark.parametrize(
    ("mode", "right", "owner", "found"),
    [
        ("legacy", "own", {"owner": "r1", "owner_type": "ROLE"}, ["default.keys1"]),
        ("legacy", "own", {"owner": "ann", "owner_type": "ROLE"}, []),
        ("legacy", "own", {"owner": "ann", "owner_type": None}, ["default.keys1"]),
        ("sql-standard", "drop", {"owner": "r1", "owner_type": "ROLE"}, []),
        ("sql-standard", "drop", {"owner": "ann", "owner_type": "ROLE"}, ["default.keys1"]),
        ("sql-standard", "drop", {"owner": "ann", "owner_type": "odd"}, []),
    ],
)
def test_owners_as_each_mode_knows_them(
    mode: str, right: str, owner: dict[str, str | None], found: list[str], tmp_path: Path
) -> None:
    view = view_of(owned_lake(**owner), tmp_path, mode)
    tables = [each.object for each in held_by(view, "ann", right) if each.scope == "table"]
    assert tables == found
    assert tables == [
        name for name, *_ in held_in_a_loop(view, owned_lake(**owner), "ann", right) if "." in name
    ]
