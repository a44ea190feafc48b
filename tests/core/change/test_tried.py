"""The overlay does with statements what Hive did with them (tried.yaml)."""

from pathlib import Path

import pytest

from app.core.change.applying import Change, apply
from app.core.change.notes import Kind
from app.core.lake_view import LakeView
from app.core.statements.reading import read_statements
from tests.core.change.rebuilt import rebuilt
from tests.core.change.tried import MODES, Tried, as_admin, tried
from tests.core.lake_views import view_of
from tests.core.random_lakes import RandomLake
from tests.hive.hive_server import ADMIN
from tests.hive.metastore_state import state_of

REFUSALS = (Kind.REFUSED, Kind.MISSING, Kind.DOUBLE, Kind.UNKNOWN)


@pytest.mark.parametrize(
    ("mode", "one"),
    [pytest.param(mode, one, id=f"{mode}: {one.says}") for mode in MODES for one in tried(mode)],
)
def test_as_hive_did(mode: str, one: Tried, tmp_path: Path) -> None:
    empty = _empty_lake()
    made = _applied(view_of(empty, tmp_path / "empty", mode, "none"), (as_admin(mode), *one.lake))
    assert _refused(made) == ()
    view = view_of(rebuilt(empty, made), tmp_path / "made", mode, "none")
    first = ("SET ROLE ADMIN",) if one.runner == ADMIN and mode == "sql-standard" else ()
    change = _applied(view, (*first, *one.change), one.runner)
    assert _refused(change) == one.refused
    state = set(state_of(change.after.lookup))
    assert one.after <= state, sorted(state)
    assert not one.gone & state


def _empty_lake() -> RandomLake:
    """As a metastore is when it begins."""
    member = {
        "member_type": "USER",
        "member": ADMIN,
        "role": "admin",
        "admin_option": True,
        "grantor": "admin",
        "grantor_type": "ROLE",
        "create_time": 0,
        "source_row": 1,
    }
    database = {
        "database_id": 0,
        "catalog": "hive",
        "name": "default",
        "owner": "public",
        "owner_type": "ROLE",
        "location": None,
        "kind": "NATIVE",
    }
    roles = [{"name": name, "create_time": 0} for name in ("admin", "public")]
    return RandomLake({"databases": [database], "roles": roles, "role_members": [member]})


def _applied(view: LakeView, statements: tuple[str, ...], runner: str = ADMIN) -> Change:
    text = "".join(f"{each};\n" for each in statements)
    return apply(view, read_statements(text, file="tried.sql", dialect="hive"), runner)


def _refused(change: Change) -> tuple[str, ...]:
    return tuple(
        each.text
        for each in change.statements
        if any(note.kind in REFUSALS for note in change.notes_of(each))
    )
