"""An overlay answers as the changed lake does when it is crawled anew; effects are exact."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core.change.applying import Change, apply
from app.core.change.effects import WHOEVER, effect_groups, effects
from app.core.lake_view import LakeView
from app.core.names import RIGHTS
from app.core.population import ANYONE
from app.core.questions import can_all
from tests.core.change.rebuilt import rebuilt
from tests.core.change.written import PEOPLE, random_statements
from tests.core.lake_views import DATABASES, objects_of, view_of
from tests.core.random_lakes import COLUMNS, RandomLake, lakes

NOBODY_KNOWS = "nobody knows him"


@pytest.mark.parametrize("mode", ["sql-standard", "legacy"])
@settings(
    max_examples=10,
    derandomize=True,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(lake=lakes(), seed=st.integers(0, 10**6), runner=st.sampled_from((None, "ann", "bob")))
def test_after_is_the_changed_lake_crawled_anew(
    mode: str, lake: RandomLake, seed: int, runner: str | None
) -> None:
    chance = random.Random(seed)
    groups = chance.choice(("directory", "none", None))
    with TemporaryDirectory() as folder:
        view = view_of(lake, Path(folder) / "before", mode, groups)
        tables = [f"{DATABASES[row['database_id']]}.{row['name']}" for row in lake.of("tables")]
        change = apply(view, random_statements(chance, tables, mode, 12), runner)
        fresh_lake = rebuilt(lake, change)
        fresh = view_of(fresh_lake, Path(folder) / "after", mode, groups)
        before_names = set(objects_of(lake))
        names = sorted(before_names | set(_objects(fresh)))
        if mode == "legacy":
            names += [f"{name}.{column}" for name in names if "." in name for column in COLUMNS]
        asked = [
            (user, right, name)
            for user in (*PEOPLE, NOBODY_KNOWS)
            for name in names
            for right in (RIGHTS if name.count(".") < 2 else ("select",))
        ]
        after = _words(fresh, asked)
        assert _words(change.after, asked) == after
        before = _words(view, asked)
        _check_population(change, asked, after)
        _check_effects(change, before, after)


def _objects(view: LakeView) -> list[str]:
    rows = view.lookup.rows("tables")
    names = [
        str(view.lookup.database_name(at)) for at in range(view.lookup.rows("databases").count)
    ]
    return names + [str(view.lookup.table_name(table)) for table in range(rows.count)]


Asked = tuple[str, str, str]


def _words(view: LakeView, asked: list[Asked]) -> dict[Asked, str]:
    """What is not there is denied to everybody, as in effects."""
    answers = can_all(view, asked)
    return {
        (each.user, each.right, each.object): "denied" if not each.permitted else each.answer
        for each in answers
    }


def _check_population(change: Change, asked: list[Asked], after: dict[Asked, str]) -> None:
    """The sets of everybody say what the loop over single people says."""
    view = change.after
    for user, right, name in asked:
        if name.count(".") > 1 or after[user, right, name] == "unknown":
            continue
        place = view.lookup.find(_name(view, name))
        if place is not None:
            holders = view.holders(right, place)
            assert (view.reach.population.bit(user) in holders.sure) == (
                after[user, right, name] == "allowed"
            ), (user, right, name, after[user, right, name], holders)


def _name(view: LakeView, text: str):  # type: ignore[no-untyped-def]
    from app.core.names import parse_object

    return parse_object(text, view.catalogs)


def _check_effects(change: Change, before: dict[Asked, str], after: dict[Asked, str]) -> None:
    rows = list(effects(change))
    assert rows == sorted(
        rows,
        key=lambda row: (
            [part.encode() for part in row.object.split(".")],
            row.user.encode(),
            RIGHTS.index(row.right),
        ),
    )
    said = {
        (NOBODY_KNOWS if row.user == WHOEVER else row.user, row.right, row.object): (
            row.before,
            row.after,
        )
        for row in rows
        if not row.user.startswith("group:")
    }
    assert len(set(said)) == len([r for r in rows if not r.user.startswith("group:")])
    expected = {key: (before[key], after[key]) for key in after if before[key] != after[key]}
    population = change.after.reach.population
    for key, shift in expected.items():
        user, right, name = key
        if "unknown" in shift and population.opaque:
            # Sets of people hold a group nobody can expand as a member of its own: that one
            # of its members may be a known user is said by `can` alone.
            continue
        if population.bit(user) == ANYONE:  # nothing mentions him
            key = (NOBODY_KNOWS, right, name)
        if name.count(".") == 2 and key not in said:
            table = name.rpartition(".")[0]
            assert expected.get((user, right, table)) == shift, key
        else:
            assert said.get(key) == shift, (key, shift, said.get(key))
    assert {key for key in said if key in after} <= set(expected)
    assert sum(group.accesses for group in effect_groups(change)) == len(rows)
