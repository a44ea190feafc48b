"""The kept people of a snapshot are those that `build_reach` finds, whatever befalls the file."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core.lake_view import LakeView
from app.core.reach import PopulationReach, build_reach
from app.core.reach_table import reach_of_table
from app.lake.population_index import kept_reach, population_file
from tests.core.lake_views import view_of
from tests.core.random_lakes import GROUPS, ROLES, USERS, RandomLake, lakes

NAMES = (*USERS, *GROUPS, *ROLES, "public", "admin", "nobody knows him", "")
ENGINE_GROUPS = ("directory", "none", None)


def kept(view: LakeView, groups: str | None) -> PopulationReach:
    return kept_reach(view.snapshot, engine_groups=groups, everyone_at=0.9, worth=0)


def assert_same(found: PopulationReach, expected: PopulationReach) -> None:
    one, other = found.population, expected.population
    assert tuple(one.users) == tuple(other.users)
    assert one.opaque == other.opaque
    for name in ("active_people", "services", "active_services", "inactive", "unknown"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.directory_known == other.directory_known
    assert one.everybody == other.everybody
    assert dict(one.groups) == dict(other.groups)
    assert dict(one.roles) == dict(other.roles)
    assert dict(found.sure_roles) == dict(expected.sure_roles)
    assert found.broken == expected.broken
    assert found.surely_broken == expected.surely_broken
    assert dict(one.edges) == dict(other.edges)
    assert dict(one.nested or {}) == dict(other.nested or {})
    for name in {*NAMES, *other.users, *other.roles, *other.groups}:
        assert one.bit(name) == other.bit(name)
        assert (name in one.roles) == (name in other.roles)
        assert found.role_in_any_case(name) == expected.role_in_any_case(name)
        for kind in ("USER", "ROLE", "GROUP", "user"):
            assert found.principal(kind, name) == expected.principal(kind, name)
            assert found.before_roles(kind, name) == expected.before_roles(kind, name)
    assert [one.subject(bit) for bit in one.everybody] == [
        other.subject(bit) for bit in other.everybody
    ]


@settings(
    max_examples=40,
    derandomize=True,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(lake=lakes(), groups=st.sampled_from(ENGINE_GROUPS))
def test_what_is_kept_is_what_is_built(lake: RandomLake, groups: str | None) -> None:
    with TemporaryDirectory() as folder:
        view = view_of(lake, Path(folder), "sql-standard", groups)
        expected = build_reach(view.snapshot, engine_groups=groups, everyone_at=0.9)
        assert_same(kept(view, groups), expected)  # written
        assert population_file(view.snapshot.path, groups).exists()
        assert_same(kept(view, groups), expected)  # read


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flipped(content: bytes) -> bytes:
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    "damage", [_cut, _flipped, lambda _: b"", lambda _: b"abc", lambda content: content[:-1]]
)
def test_a_damaged_file_is_made_anew(damage, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    lake = RandomLake({"role_members": [_member("ann", "r1"), _member("bob", "r2")]})
    view = view_of(lake, tmp_path, "sql-standard", "none")
    expected = kept(view, "none")
    path = population_file(view.snapshot.path, "none")
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    read = _count_reads(monkeypatch)
    assert_same(kept(view, "none"), expected)
    assert read == []
    assert path.read_bytes() == whole
    assert_same(kept(view, "none"), expected)
    assert read == [1]


def test_a_file_of_another_lake_or_of_other_groups_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = view_of(
        RandomLake({"role_members": [_member("ann", "r1")]}), tmp_path / "1", "legacy", None
    )
    other = view_of(
        RandomLake({"role_members": [_member("bob", "r1")]}), tmp_path / "2", "legacy", None
    )
    kept(one, None)
    content = population_file(one.snapshot.path, None).read_bytes()
    read = _count_reads(monkeypatch)
    for view, groups in ((other, None), (one, "directory")):
        population_file(view.snapshot.path, groups).write_bytes(content)
        expected = build_reach(view.snapshot, engine_groups=groups, everyone_at=0.9)
        assert_same(kept(view, groups), expected)
        assert read == []


def test_a_small_lake_keeps_nothing(tmp_path: Path) -> None:
    view = view_of(RandomLake({"role_members": [_member("ann", "r1")]}), tmp_path, "legacy", None)
    kept_reach(view.snapshot, engine_groups=None, everyone_at=0.9)
    assert not population_file(view.snapshot.path, None).exists()


def test_it_is_built_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = view_of(RandomLake({"role_members": [_member("ann", "r1")]}), tmp_path, "legacy", None)

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("app.lake.population_index.os.replace", full)
    expected = build_reach(view.snapshot, engine_groups=None, everyone_at=0.9)
    assert_same(kept(view, None), expected)
    index = population_file(view.snapshot.path, None).parent
    assert not [path for path in index.iterdir() if "population" in path.name]


def _member(user: str, role: str) -> dict[str, object]:
    return {"member_type": "USER", "member": user, "role": role, "admin_option": False}


def _count_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows with every reach that is read from a file."""
    read: list[int] = []

    def counted(*given, **named):  # type: ignore[no-untyped-def]
        read.append(1)
        return reach_of_table(*given, **named)

    monkeypatch.setattr("app.core.reach_table.reach_of_table", counted)
    return read
