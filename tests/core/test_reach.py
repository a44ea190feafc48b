"""The population of a snapshot, its sets and ways up, against loops over the rows."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import FrozenBitMap

from app.core import reach as reach_module
from app.core.errors import PolicyError
from app.core.lookup import Lookup
from app.core.memberships import Memberships, Subject
from app.core.population import Population
from app.core.reach import BROKEN, PopulationReach, build_reach
from app.policy import memberships as policy_memberships
from app.policy.compiled import compile_judge
from app.policy.enforcing import reference_enforce
from app.policy.subjects import Subjects
from tests.core import naive_hive
from tests.core.memory_snapshot import MemorySnapshot
from tests.core.random_lakes import GROUPS, ROLES, USERS, RandomLake, lakes
from tests.policy import cases as policy_cases
from tests.policy.folders import MODEL
from tests.policy.worlds import policies

MANY = settings(max_examples=300, deadline=None)
SOME = settings(max_examples=100, deadline=None)
ENGINE_GROUPS = st.sampled_from(["directory", "none", None])
NODES = (*(f"group:{name}" for name in GROUPS), *(f"role:{name}" for name in ROLES))
PEOPLE = tuple(f"user:{name}" for name in (*USERS, "stranger"))


@st.composite
def worlds(draw: st.DrawFn) -> RandomLake:
    """A random lake, whose groups and roles nobody may have listed."""
    lake = draw(lakes())
    for kind in ("groups", "roles"):
        if not draw(st.integers(0, 3)):
            lake.rows[kind] = []
    return lake


def built(lake: RandomLake, engine_groups: str | None = "directory") -> PopulationReach:
    return build_reach(MemorySnapshot(lake), engine_groups=engine_groups, everyone_at=0.9)


def everybody(population: Population) -> list[tuple[int, str]]:
    """Every named user's bit and name, and ANYONE's."""
    return [(0, naive_hive.ANYONE), *enumerate(population.users, start=1)]


def lake_of(**rows: list[dict[str, Any]]) -> RandomLake:
    """A lake of these rows alone."""
    return RandomLake(rows)


def in_role(kind: str, member: str, role: str | None, option: bool | None = False) -> Any:
    return {"member_type": kind, "member": member, "role": role, "admin_option": option}


def in_group(kind: str, member: str, group: str) -> dict[str, Any]:
    return {"member_type": kind, "member": member, "group": group}


def members(population: Population, kind: str, name: str) -> list[str]:
    sets = population.groups if kind == "group" else population.roles
    return list(population.subjects(sets[name]))


# Who there is


@SOME
@given(worlds())
def test_users_are_those_whom_anything_names(lake: RandomLake) -> None:
    named = {row["name"] for row in lake.of("users")}
    named |= {row["member"] for row in lake.of("group_members") if row["member_type"] == "user"}
    named |= {row["member"] for row in lake.of("role_members") if row["member_type"] == "USER"}
    named |= {row["principal"] for row in lake.of("grants") if row["principal_type"] == "USER"}
    named |= {row["owner"] for row in lake.of("tables")}
    named |= {row["owner"] for row in lake.of("databases") if row["owner_type"] in (None, "USER")}
    population = built(lake).population
    assert population.users == tuple(sorted(named - {None}))
    assert [population.bit(name) for name in population.users] == [
        bit for bit, _ in everybody(population)[1:]
    ]


@SOME
@given(worlds())
def test_opaque_groups_are_those_named_and_not_listed(lake: RandomLake) -> None:
    named = {row["group"] for row in lake.of("group_members")}
    named |= {row["member"] for row in lake.of("group_members") if row["member_type"] == "group"}
    named |= {row["member"] for row in lake.of("role_members") if row["member_type"] == "GROUP"}
    named |= {row["principal"] for row in lake.of("grants") if row["principal_type"] == "GROUP"}
    population = built(lake).population
    assert population.opaque == tuple(sorted(named - {row["name"] for row in lake.of("groups")}))
    assert population.everybody == FrozenBitMap(
        range(1 + len(population.users) + len(population.opaque))
    )


@SOME
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("ann", "Zoë", "bob", "𝔵", "ﬀ", "cy")),
            st.sampled_from(("person", "service", None)),
            st.sampled_from((True, False, None)),
        ),
        unique_by=lambda user: user[0],
    )
)
def test_kinds(listed: list[tuple[str, str | None, bool | None]]) -> None:
    rows = [{"name": name, "kind": kind, "active": active} for name, kind, active in listed]
    lake = lake_of(users=rows, role_members=[in_role("USER", "ghost", "r1")])
    population = built(lake).population

    def bits(names: Iterable[str]) -> FrozenBitMap:
        return FrozenBitMap(population.bit(name) for name in names)

    assert population.users == tuple(sorted(["ghost", *(name for name, _, _ in listed)]))
    services = {name for name, kind, _ in listed if kind == "service"}
    active = {name for name, _, active in listed if active}
    assert population.services == bits(services)
    assert population.active_services == bits(services & active)
    assert population.active_people == bits(active - services)
    assert population.inactive == bits({name for name, _, _ in listed} - active)
    assert population.unknown == bits(["ghost"])
    assert population.directory_known == bool(listed)


def test_an_empty_name_is_nobody() -> None:
    lake = lake_of(
        users=[{"name": "ann", "kind": "person", "active": True}],
        role_members=[in_role("USER", "", "r1"), in_role("USER", "ann", "r1")],
        group_members=[in_group("user", "", "g1"), in_group("group", "", "g1")],
    )
    population = built(lake).population
    assert population.users == ("ann",)
    assert population.opaque == ("g1",)
    assert members(population, "role", "r1") == ["user:ann"]


def test_an_empty_lake_has_anyone() -> None:
    population = built(lake_of()).population
    assert population.everybody == FrozenBitMap([0])
    assert dict(population.roles) == {"public": population.everybody}
    assert not population.groups
    assert dict(population.edges) == {"everyone": ("role:public",)}


class Pieces(MemorySnapshot):
    """A snapshot whose tables lie in many pieces, some of them empty."""

    def mapped(self, name: str) -> pa.Table:
        """The table, a row a piece."""
        whole = super().mapped(name)
        pieces = [whole.slice(row, 1) for row in range(whole.num_rows)]
        return pa.concat_tables([whole.slice(0, 0), *pieces, whole.slice(0, 0)])


@SOME
@given(worlds(), ENGINE_GROUPS)
def test_pieces_of_a_table_make_no_difference(lake: RandomLake, engine_groups: str | None) -> None:
    whole = built(lake, engine_groups).population
    pieces = build_reach(Pieces(lake), engine_groups=engine_groups, everyone_at=0.9).population
    assert opened(pieces) == opened(whole)


def opened(population: Population) -> Population:
    """The same with edges that can be compared, and no word that its sets are whole."""
    return replace(population, edges=dict(population.edges), nested=None)


# Groups and roles


def standing_of(lake: RandomLake, population: Population) -> list[tuple[int, str, set[str]]]:
    """Every bit, its user's name and the directory's groups it is in."""
    users = [(bit, name, naive_hive.groups_of(lake, name)) for bit, name in everybody(population)]
    opaque = [
        (bit, naive_hive.ANYONE, groups_with(lake, group))
        for bit, group in enumerate(population.opaque, start=1 + len(population.users))
    ]
    return users + opaque


def groups_with(lake: RandomLake, group: str) -> set[str]:
    """A group and all it is nested in."""
    rows = [*lake.of("group_members"), in_group("user", naive_hive.ANYONE, group)]
    return naive_hive.groups_of(lake_of(group_members=rows), naive_hive.ANYONE)


@MANY
@given(worlds(), ENGINE_GROUPS)
def test_groups_are_what_the_loop_says(lake: RandomLake, engine_groups: str | None) -> None:
    reach = built(lake, engine_groups)
    groups = reach.population.groups
    assert set(groups) == {row["name"] for row in lake.of("groups")} | set(reach.population.opaque)
    for bit, user, expected in standing_of(lake, reach.population):
        assert {name for name, bits in groups.items() if bit in bits} == expected, user
    for name, bits in groups.items():
        seen = reach.principal("GROUP", name)
        reached = FrozenBitMap() if engine_groups == "none" else bits - reach.surely_broken
        assert seen.possible == reached
        sure = bits - reach.broken if engine_groups == "directory" else FrozenBitMap()
        assert seen.sure == sure


@MANY
@given(worlds(), ENGINE_GROUPS)
def test_roles_are_what_the_loop_says(lake: RandomLake, engine_groups: str | None) -> None:
    reach = built(lake, engine_groups)
    population = reach.population
    for bit, user, groups in standing_of(lake, population):
        possible = naive_hive.roles_of(lake, user, groups if engine_groups != "none" else ())
        sure = naive_hive.roles_of(lake, user, groups if engine_groups == "directory" else ())
        broken = naive_hive.BROKEN in possible
        surely_broken = naive_hive.BROKEN in sure
        assert (bit in reach.broken) == broken
        assert (bit in reach.surely_broken) == surely_broken
        assert (bit in reach.everybody().possible) == (not surely_broken)
        assert (bit in reach.everybody().sure) == (not broken)
        held = {name for name, bits in population.roles.items() if bit in bits}
        assert held == possible - {naive_hive.BROKEN}
        for role in (*population.roles, "nobody's"):
            found = reach.principal("ROLE", role)
            assert (bit in found.possible) == (role in possible and not surely_broken)
            assert (bit in found.sure) == (role in sure and not broken)
    assert BROKEN not in population.roles


@SOME
@given(worlds(), ENGINE_GROUPS)
def test_edges_are_the_rows(lake: RandomLake, engine_groups: str | None) -> None:
    expected: dict[str, set[str]] = {"everyone": {"role:public"}}
    for row in lake.of("group_members"):
        child = f"{row['member_type']}:{row['member']}"
        expected.setdefault(child, set()).add(f"group:{row['group']}")
    kinds = ("USER", "ROLE") if engine_groups == "none" else ("USER", "ROLE", "GROUP")
    for row in lake.of("role_members"):
        if row["member_type"] in kinds and None not in (row["role"], row["admin_option"]):
            child = f"{row['member_type'].lower()}:{row['member']}"
            expected.setdefault(child, set()).add(f"role:{row['role']}")
    population = built(lake, engine_groups).population
    assert population.edges == {child: tuple(sorted(up)) for child, up in expected.items()}
    assert population.nested == {
        child: up for child, up in population.edges.items() if not child.startswith("user:")
    }
    for subject in (*PEOPLE, *NODES, "everyone", "user:", ""):
        assert (subject in population.edges) == (subject in expected)
        assert population.edges.get(subject, ()) == tuple(sorted(expected.get(subject, ())))


def test_whoever_holds_public_brings_everybody() -> None:
    rows = [
        in_role("ROLE", "public", "r1"),
        in_role("ROLE", "r1", "r2"),
        in_role("USER", "ann", "public"),
        in_role("ROLE", "PUBLIC", "r3"),
        in_role("USER", "bob", "PUBLIC"),
    ]
    population = built(lake_of(role_members=rows)).population
    for role in ("public", "r1", "r2"):
        assert members(population, "role", role) == ["anyone", "user:ann", "user:bob"]
    assert members(population, "role", "r3") == ["user:bob"]


def test_a_role_of_public_that_cannot_be_read_breaks_everybody() -> None:
    reach = built(lake_of(role_members=[in_role("ROLE", "public", None)]))
    assert reach.broken == reach.population.everybody
    assert not reach.everybody().possible


def test_an_opaque_group_is_a_member_of_what_it_is_nested_in() -> None:
    lake = lake_of(
        groups=[{"name": "known"}, {"name": "above"}],
        group_members=[
            in_group("group", "vendor", "known"),
            in_group("group", "known", "above"),
            in_group("user", "ann", "vendor"),
        ],
        role_members=[in_role("GROUP", "above", "r1"), in_role("GROUP", "partner", "r2")],
    )
    for engine_groups, holders in (("directory", ["user:ann", "group:vendor"]), ("none", [])):
        population = built(lake, engine_groups).population
        assert population.opaque == ("partner", "vendor")
        for group in ("vendor", "known", "above"):
            assert members(population, "group", group) == ["user:ann", "group:vendor"]
        assert members(population, "group", "partner") == ["group:partner"]
        held = population.roles.get("r1", FrozenBitMap())
        assert list(population.subjects(held)) == holders


def test_unset_groups_are_possible_and_not_sure() -> None:
    lake = lake_of(
        groups=[{"name": "staff"}],
        group_members=[in_group("user", "ann", "staff")],
        role_members=[in_role("GROUP", "staff", "r1"), in_role("USER", "bob", "r1")],
    )
    reach = built(lake, None)
    ann, bob = reach.population.bit("ann"), reach.population.bit("bob")
    assert set(reach.principal("ROLE", "r1").possible) == {ann, bob}
    assert set(reach.principal("ROLE", "r1").sure) == {bob}
    assert set(reach.principal("GROUP", "staff").possible) == {ann}
    assert not reach.principal("GROUP", "staff").sure


# The shortest way up


def in_order(lake: RandomLake) -> RandomLake:
    """The lake with its memberships sorted as a snapshot has them."""
    rows = dict(lake.rows)
    for kind in ("group_members", "role_members"):
        rows[kind] = sorted(
            lake.of(kind), key=lambda row: (row["member_type"].encode(), row["member"].encode())
        )
    return RandomLake(rows)


def steps_up(lake: RandomLake, groups_count: bool) -> dict[Subject, set[Subject]]:
    """What each subject directly belongs to."""
    up: dict[Subject, set[Subject]] = {}
    for row in lake.of("group_members"):
        up.setdefault((row["member_type"].upper(), row["member"]), set()).add(
            ("GROUP", row["group"])
        )
    for row in lake.of("role_members"):
        bad = row["role"] is None or row["admin_option"] is None
        if row["member_type"] in (("USER", "ROLE", "GROUP") if groups_count else ("USER", "ROLE")):
            up.setdefault((row["member_type"], row["member"]), set()).add(
                ("ROLE", BROKEN if bad else row["role"])
            )
    return up


def lengths(up: dict[Subject, set[Subject]], user: str) -> dict[Subject, int]:
    """How many steps each subject is away from a user, breadth first."""
    start: Subject = ("USER", user)
    far, waiting = {start: 0}, deque([start])
    while waiting:
        here = waiting.popleft()
        public: set[Subject] = {("ROLE", "public")} if here == start else set()
        for above in up.get(here, set()) | public:
            if above not in far:
                far[above] = far[here] + 1
                waiting.append(above)
    return far


@MANY
@given(worlds(), ENGINE_GROUPS, st.booleans())
def test_the_way_up_is_a_shortest_one(
    lake: RandomLake, engine_groups: str | None, mode_uses_groups: bool
) -> None:
    lake = in_order(lake)
    up = steps_up(lake, mode_uses_groups and engine_groups != "none")
    memberships = Memberships(Lookup(MemorySnapshot(lake)), engine_groups, mode_uses_groups)
    targets: list[Subject] = [("ROLE", name) for name in (*ROLES, BROKEN)]
    targets += [("GROUP", name) for name in GROUPS]
    for user in (*USERS, "stranger"):
        expected = lengths(up, user)
        assert set(memberships.closure(user)) == set(expected)
        for target in (*targets, ("USER", user)):
            path = memberships.path(user, target)
            assert (None if path is None else len(path)) == expected.get(target), (user, target)
            here: Subject = ("USER", user)
            for edge in path or ():
                assert edge.member == here
                here = edge.of
                assert here in up.get(edge.member, set()) or edge.source == "everyone"
            assert path is None or here == target


@MANY
@given(worlds(), ENGINE_GROUPS)
def test_the_way_up_ends_where_the_sets_say(lake: RandomLake, engine_groups: str | None) -> None:
    """One user's closure holds exactly the groups and roles whose sets hold his bit."""
    lake = in_order(lake)
    population = built(lake, engine_groups).population
    memberships = Memberships(Lookup(MemorySnapshot(lake)), engine_groups, True)
    for bit, user in everybody(population)[1:]:
        sets = (("GROUP", population.groups), ("ROLE", population.roles))
        held = {(kind, name) for kind, found in sets for name in found if bit in found[name]}
        assert held == set(memberships.closure(user)) - {("USER", user), ("ROLE", BROKEN)}


# The judge, which asks for the sets and leaves the edges alone

BY_HAND = st.lists(
    st.tuples(
        st.sampled_from((*PEOPLE, *NODES, "everyone", "role:made")),
        st.sampled_from((*NODES, "role:made", "user:ann", "user:stranger", "everyone")),
    ),
    max_size=5,
)


@MANY
@given(worlds(), ENGINE_GROUPS, BY_HAND)
def test_sets_and_edges_give_the_same_members(
    lake: RandomLake, engine_groups: str | None, by_hand: list[tuple[str, str]]
) -> None:
    population = built(lake, engine_groups).population

    def found(population: Population) -> dict[str, FrozenBitMap]:
        subjects = Subjects(population, lambda text: False)
        graph = policy_memberships.Memberships(subjects, by_hand)
        asked = (*PEOPLE, *NODES, "everyone", "role:made", "role:odd", f"role:{BROKEN}", "ann", "")
        return {target: graph.members_of(target) for target in asked}

    assert found(population) == found(opened(population))


def whole(population: Population) -> Population:
    """A population made by hand, with whole sets."""
    graph = policy_memberships.Memberships(Subjects(population, lambda text: False), ())
    return replace(
        population,
        groups={name: graph.members_of(f"group:{name}") for name in policy_cases.GROUPS},
        roles={name: graph.members_of(f"role:{name}") for name in policy_cases.ROLES},
        nested={
            child: above
            for child, above in population.edges.items()
            if not child.startswith("user:")
        },
    )


@settings(MANY, suppress_health_check=list(HealthCheck))
@given(policy_cases.cases())
def test_a_judge_over_sets_is_a_loop_over_enforce(case: policy_cases.Case) -> None:
    population = whole(case.population)
    try:
        enforce = reference_enforce(case.policies, population)
    except PolicyError:
        return
    judge = compile_judge(case.policies, population)
    for data_class in policy_cases.CLASSES:
        try:
            expected = {
                bit
                for bit in population.everybody
                if enforce(population.subject(bit), data_class, "select")
            }
        except PolicyError:
            continue
        assert set(judge.permitted(data_class, "select")) == expected, data_class


@pytest.mark.parametrize(
    ("by_hand", "allowed"),
    [
        ((), ["user:ann"]),
        ((("user:bob", "group:staff"),), ["user:ann", "user:bob"]),
        ((("role:r1", "group:team"),), ["user:ann", "user:bob"]),
        ((("user:cy", "user:ann"),), ["user:ann", "user:cy"]),
    ],
)
def test_plain_audiences_never_build_the_edges(
    by_hand: tuple[tuple[str, ...], ...], allowed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the edges of everybody were built")

    monkeypatch.setattr(reach_module, "all_edges", refuse)
    lake = lake_of(
        groups=[{"name": "staff"}, {"name": "team"}],
        group_members=[in_group("user", "ann", "team"), in_group("group", "team", "staff")],
        role_members=[in_role("USER", "bob", "r1"), in_role("USER", "cy", "r2")],
    )
    population = built(lake, "none").population
    lines = [
        ("group:staff", "payroll", "select", "allow"),
        ("group:unheard-of", "payroll", "select", "allow"),
        ("role:r1", "payroll", "insert", "allow"),
        ("everyone", "payroll", "drop", "allow"),
    ]
    judge = compile_judge(policies(MODEL, lines, {"g": by_hand}, ["payroll"]), population)
    assert list(population.subjects(judge.permitted("payroll", "select"))) == allowed
    assert judge.permitted("payroll", "drop") == population.everybody
    line = judge.deciding_line("user:ann", "payroll", "select")
    assert line is not None
    assert line.line == 1
