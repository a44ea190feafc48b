"""Rights and reach as sets, against the naive loop over users."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.reach import OneUserReach, PopulationReach, build_reach
from app.core.rights import MODES, mode_named
from app.core.rights.grant_rows import GrantRow, TableGrants
from tests.core import naive_hive
from tests.core.memory_snapshot import MemorySnapshot
from tests.core.random_lakes import COLUMNS, GROUPS, RandomLake, lakes

MANY = settings(max_examples=300, deadline=None)


def grants_of(lake: RandomLake, table: dict[str, Any], levels: tuple[str, ...]) -> TableGrants:
    """What a lookup would give for one table."""
    rows = []
    for number, row in enumerate(lake.of("grants")):
        place = {
            "global": None,
            "database": table["database_id"],
        }.get(row["level"], table["table_id"])
        if row["object_id"] == place and row["level"] in (*levels, "column"):
            rows.append(
                GrantRow(
                    number,
                    row["level"],
                    row["column"],
                    None,
                    number,
                    row["principal_type"],
                    row["principal"],
                    row["privilege"],
                    row["grant_option"],
                    row["authorizer"],
                )
            )
    return TableGrants(
        tuple(rows),
        COLUMNS,
        table["owner"],
        table["owner_type"],
        None,
        None,
        is_view=table["kind"] == "VIRTUAL_VIEW",
    )


def everybody(reach: PopulationReach) -> list[tuple[int, str]]:
    """Every named user's bit and name, and ANYONE's."""
    named = [(bit, name) for bit, name in enumerate(reach.population.users, start=1)]
    return [(0, naive_hive.ANYONE), *named]


@MANY
@given(lakes())
def test_sql_standard_is_what_the_loop_says(lake: RandomLake) -> None:
    reach = build_reach(MemorySnapshot(lake), engine_groups="none", everyone_at=0.9)
    mode = MODES["sql-standard"]
    for table in lake.of("tables"):
        grants = grants_of(lake, table, mode.inherited_levels)
        for right in ("select", "insert", "update", "delete", "delegate", "alter", "drop", "own"):
            holders = mode.on_table(right, grants, reach).sure
            for bit, user in everybody(reach):
                expected = naive_hive.sql_standard(lake, user, right, table)
                assert (bit in holders) == expected, (user, right, table["name"])


@MANY
@given(lakes(), st.sampled_from(["directory", "none"]))
def test_legacy_is_what_the_loop_says(lake: RandomLake, engine_groups: str) -> None:
    reach = build_reach(MemorySnapshot(lake), engine_groups=engine_groups, everyone_at=0.9)
    mode = MODES["legacy"]
    for table in lake.of("tables"):
        grants = grants_of(lake, table, mode.inherited_levels)
        for bit, user in everybody(reach):
            groups = naive_hive.groups_of(lake, user) if engine_groups == "directory" else ()
            for right in ("select", "insert", "update", "delete", "alter", "delegate"):
                expected = naive_hive.legacy(lake, user, right, table, groups)
                found = bit in mode.on_table(right, grants, reach).sure
                assert found == expected, (user, right, table["name"])
            for column in COLUMNS:
                expected = naive_hive.legacy(lake, user, "select", table, groups, column)
                found = bit in mode.on_column("select", grants, column, reach).sure
                assert found == expected, (user, column, table["name"])


@MANY
@given(lakes())
def test_unset_groups_put_in_doubt_exactly_what_they_may_change(lake: RandomLake) -> None:
    snapshot = MemorySnapshot(lake)
    unset = build_reach(snapshot, engine_groups=None, everyone_at=0.9)
    seen = build_reach(snapshot, engine_groups="directory", everyone_at=0.9)
    blind = build_reach(snapshot, engine_groups="none", everyone_at=0.9)
    for kind, names in (("GROUP", GROUPS), ("ROLE", ("r1", "r2", "Sales"))):
        for name in names:
            both = unset.principal(kind, name)
            assert both.possible >= seen.principal(kind, name).sure
            assert both.sure <= blind.principal(kind, name).possible | unset.broken


@MANY
@given(lakes())
def test_off_is_open_to_everybody(lake: RandomLake) -> None:
    reach = build_reach(MemorySnapshot(lake), engine_groups=None, everyone_at=0.9)
    for table in lake.of("tables"):
        holders = MODES["off"].on_table("select", grants_of(lake, table, ()), reach)
        assert holders.sure == reach.whoever().sure


@MANY
@given(lakes())
def test_only_members_of_admin_can_make_themselves(lake: RandomLake) -> None:
    reach = build_reach(MemorySnapshot(lake), engine_groups="none", everyone_at=0.9)
    can = MODES["sql-standard"].can_make_themselves(reach).sure
    for bit, user in everybody(reach):
        roles = naive_hive.roles_of(lake, user)
        expected = naive_hive.BROKEN not in roles and "admin" in roles
        assert (bit in can) == expected


def test_a_mode_nobody_knows_is_never_guessed() -> None:
    for name in (None, "", "auto", "ranger", "nonsense"):
        with pytest.raises(Exception, match=r"mode|Ranger"):
            mode_named(name)


LEVELS = ("global", "database", "table", "column", "partition", "partition_column", "connector")
PRIVILEGES = ("ALL", "SELECT", "create", "UPDATE", "LOCK", "SHOW_DATABASE", "INSERT", "NONSENSE")


@pytest.mark.parametrize("mode", ["sql-standard", "legacy"])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", ["USER", "ROLE", "GROUP", "user"])
@pytest.mark.parametrize("option", [True, False])
def test_a_row_says_delegate_where_whoever_holds_it_may_pass_it_on(
    mode: str, level: str, kind: str, option: bool
) -> None:
    principals = frozenset({(kind, "ann"), ("USER", "ann"), ("ROLE", "public")})
    reach = OneUserReach(principals, frozenset())
    for privilege in PRIVILEGES:
        row = GrantRow(1, level, None, None, 1, kind, "ann", privilege, option, None)
        table = TableGrants((row,), COLUMNS, None, None, None, None)
        if level not in MODES[mode].inherited_levels and level in ("global", "database"):
            continue  # a lookup brings no such row
        may = bool(MODES[mode].on_table("delegate", table, reach).sure)
        meaning = MODES[mode].meaning(level, kind, "ann", privilege, option, None)
        assert ("delegate" in meaning.gives) == may, privilege
        assert may == (not meaning.inert and not meaning.refuses and option)
