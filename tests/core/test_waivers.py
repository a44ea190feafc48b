"""Waivers measured by SQL on a run's files, against a loop over the same exposures."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from app.core.engine import Engine
from app.core.exposures import SCHEMA
from app.core.verdicts import Waiver
from app.core.waiver_measure import LINK_SCHEMA, measure_waivers, unmeasured
from app.core.waivers import (
    API,
    FILE,
    SCOPE_KEYS,
    SourcedWaiver,
    WaiverVerdicts,
)
from app.wiring import new_engine

TODAY = "2026-06-12"
PEOPLE = {0: ("person", True), 1: ("person", True), 2: ("person", False), 3: ("unknown", False)}
GROUP = 4  # of a size that nobody knows

Row = dict[str, Any]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = new_engine()
    yield made
    made.close()


def exposure(number: int, **more: Any) -> Row:
    """Payroll in hr.t<number>, selected through one role; its verdict is its own."""
    row: Row = dict.fromkeys(SCHEMA.names)
    row |= {
        "id": f"e{number}",
        "scope": "table",
        "object": f"hr.t{number}",
        "catalog": "hive",
        "database": "hr",
        "table": f"t{number}",
        "right": "select",
        "kind": "not-allowed",
        "tier": "restricted",
        "classes": ["payroll"],
        "openings": ["role:a"],
        "verdict": number,
    }
    return row | more


def waiver(name: str = "w", scope: Mapping[str, str] | None = None, **more: Any) -> Waiver:
    made = Waiver(
        name, "reason", "ciso", "2026-06-30", scope or {"database": "hr"}, file="f", line=3
    )
    return replace(made, **more)


def measured(
    engine: Engine,
    rows: list[Row],
    incidents: Mapping[str, list[str]],
    *waivers: SourcedWaiver,
    wrong: Mapping[int, set[int]] | None = None,
) -> WaiverVerdicts:
    """Measure on files made of these. wrong: verdict → bits of who can and should not."""
    links = [{"exposure": each, "incident": key} for key, ids in incidents.items() for each in ids]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path / "exposures.parquet")
        verdicts = sorted({row["verdict"] for row in rows if row["verdict"] is not None})
        bits = [BitMap((wrong or {}).get(each, {0})).serialize() for each in verdicts]
        pq.write_table(
            pa.table(
                {
                    "verdict": pa.array(verdicts, pa.int32()),
                    "violators": pa.array(bits, pa.binary()),
                    "reach": pa.array(bits, pa.binary()),
                }
            ),
            path / "verdicts.parquet",
        )
        pq.write_table(_population(), path / "population.parquet")
        return measure_waivers(
            engine,
            path,
            pa.Table.from_pylist(links, LINK_SCHEMA),
            waivers,
            lake="prod",
            today=TODAY,
        )


def _population() -> pa.Table:
    everybody = {**PEOPLE, GROUP: ("group", True)}
    return pa.table(
        {
            "bit": pa.array(list(everybody), pa.int64()),
            "kind": pa.array([kind for kind, _ in everybody.values()], pa.string()),
            "active": pa.array([active for _, active in everybody.values()], pa.bool_()),
        }
    )


def of_file(made: Waiver) -> SourcedWaiver:
    return SourcedWaiver(made, FILE)


def of_api(made: Waiver) -> SourcedWaiver:
    return SourcedWaiver(made, API)


def test_all_of_an_incident_has_to_be_covered(engine: Engine) -> None:
    rows = [exposure(1), exposure(2), exposure(3, database="ops", object="ops.t3")]
    incidents = {"whole": ["e1", "e2"], "part": ["e2", "e3"], "none": ["e3"]}
    found = measured(engine, rows, incidents, of_file(waiver()))
    assert found.holding == {"whole": ("w",)}
    (one,) = found.measured
    assert (one.exposures, one.tables, one.people, one.status) == (2, 2, 1, "in-force")
    both = measured(
        engine, rows, incidents, of_file(waiver()), of_api(waiver("v", {"database": "ops"}))
    )
    assert both.holding == {"whole": ("w",), "part": ("w", "v"), "none": ("v",)}


@pytest.mark.parametrize(
    ("more", "covered"),
    [
        ({"classes": ["payroll", "keystrokes"]}, {"class": "payroll"}),
        ({"classes": []}, {"class": "payroll"}),
        ({"openings": ["role:a", "role:b"]}, {"principal": "role:a"}),
        ({"openings": []}, {"principal": "role:a"}),
        ({"kind": "everyone"}, {"kind": "not-allowed"}),
        ({"right": "update"}, {"right": "select"}),
        ({"tier": None}, {"tier": "restricted"}),
        ({}, {"lake": "other"}),
        ({}, {"incident": "another"}),
        ({}, {"table": "t"}),
        ({}, {"database": "hr'--"}),
    ],
)
def test_what_a_scope_does_not_hold_wholly_is_not_covered(
    engine: Engine, more: Row, covered: dict[str, str]
) -> None:
    found = measured(engine, [exposure(1, **more)], {"i": ["e1"]}, of_file(waiver("w", covered)))
    assert found.holding == {}
    assert found.measured[0].matches_nothing
    assert found.notes == ("waiver w matches nothing: f:3",)


@pytest.mark.parametrize(
    "scope",
    [
        {"class": "payroll"},
        {"principal": "role:a"},
        {"kind": "not-allowed"},
        {"right": "select"},
        {"tier": "restricted"},
        {"lake": "prod"},
        {"incident": "i"},
        {"exposure": "e1"},
        {"table": "T1"},
        {"table": "hr.t1"},
        {"database": "HR", "catalog": "HIVE", "right": "select"},
    ],
)
def test_what_a_scope_holds_is_covered(engine: Engine, scope: dict[str, str]) -> None:
    found = measured(engine, [exposure(1)], {"i": ["e1"]}, of_file(waiver("w", scope)))
    assert found.holding == {"i": ("w",)}


def test_a_principals_own_exposure(engine: Engine) -> None:
    row = exposure(1, scope="principal", object="user:leo", openings=None, table=None)
    made = of_file(waiver("w", {"principal": "user:leo"}))
    found = measured(engine, [row], {"i": ["e1"]}, made)
    assert found.holding == {"i": ("w",)}
    assert found.measured[0].tables == 0


def test_the_last_day_counts_and_the_next_does_not(engine: Engine) -> None:
    for expires, status in ((TODAY, "in-force"), ("2026-06-11", "expired")):
        found = measured(engine, [exposure(1)], {"i": ["e1"]}, of_file(waiver(expires=expires)))
        assert found.measured[0].status == status
        assert bool(found.holding) is (status == "in-force")


def test_nobody_approved_it(engine: Engine) -> None:
    found = measured(engine, [exposure(1)], {"i": ["e1"]}, of_file(waiver(approver=" ")))
    assert (found.holding, found.notes) == ({}, ("waiver w has no approver",))


@pytest.mark.parametrize(
    ("bounds", "wrong", "status"),
    [
        ({"max_tables": 2}, {}, "in-force"),
        ({"max_tables": 1}, {}, "outgrown"),
        ({"max_people": 3}, {1: {0, 1, 2}, 2: {1, 3}}, "in-force"),
        ({"max_people": 2}, {1: {0, 1, 2}, 2: {1, 3}}, "outgrown"),
        ({"max_people": 9}, {1: {0, GROUP}}, "outgrown"),  # nobody can count that group
        ({}, {1: {0, GROUP}}, "in-force"),
    ],
)
def test_bounds_are_on_all_that_it_covers(
    engine: Engine, bounds: dict[str, Any], wrong: dict[int, set[int]], status: str
) -> None:
    rows = [exposure(1), exposure(2)]
    incidents = {"i": ["e1"], "j": ["e2"]}
    found = measured(engine, rows, incidents, of_file(waiver(**bounds)), wrong=wrong)
    assert found.measured[0].status == status
    assert len(found.holding) == (2 if status == "in-force" else 0)


def test_the_file_wins_where_both_speak(engine: Engine) -> None:
    rows, incidents = [exposure(1), exposure(2, object="hr.t2")], {"i": ["e1"], "j": ["e2"]}
    ended = of_file(waiver("ended", {"exposure": "e1"}, expires="2026-01-01"))
    short = of_api(waiver("short"))
    assert measured(engine, rows, incidents, ended, short).holding == {"j": ("short",)}
    same = of_api(waiver("w", {"table": "none"}))
    found = measured(engine, rows, incidents, of_file(waiver()), same)
    assert [(one.source, one.exposures) for one in found.measured] == [("file", 2)]


def test_without_a_run_nothing_is_covered() -> None:
    found = unmeasured([of_file(waiver()), of_api(waiver("v", expires="2026-01-01"))], TODAY)
    assert [(one.status, one.matches_nothing) for one in found.measured] == [
        ("in-force", True),
        ("expired", True),
    ]


VALUES = {
    "lake": ("prod", "other"),
    "catalog": ("hive", "spark"),
    "database": ("hr", "ops"),
    "table": ("t1", "hr.t2", "t3"),
    "class": ("payroll", "keystrokes"),
    "tier": ("restricted", "internal"),
    "right": ("select", "update"),
    "kind": ("not-allowed", "everyone"),
    "principal": ("role:a", "role:b"),
    "exposure": ("e1", "e2"),
    "incident": ("i", "j"),
}
assert set(VALUES) == set(SCOPE_KEYS)
SCOPES = st.dictionaries(st.sampled_from(SCOPE_KEYS), st.integers(0, 1), min_size=1, max_size=3)
WAIVERS = st.lists(
    st.tuples(
        SCOPES,
        st.sampled_from([FILE, API]),
        st.sampled_from(["2026-06-11", "2026-06-12", "2026-07-01"]),
        st.none() | st.integers(1, 2),
    ),
    max_size=4,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "database": st.sampled_from(VALUES["database"]),
            "classes": st.lists(st.sampled_from(VALUES["class"]), unique=True, max_size=2),
            "tier": st.sampled_from(VALUES["tier"]),
            "right": st.sampled_from(VALUES["right"]),
            "kind": st.sampled_from(VALUES["kind"]),
            "openings": st.lists(st.sampled_from(VALUES["principal"]), unique=True, max_size=2),
        }
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60)
@given(given_rows=ROWS, given_waivers=WAIVERS, parts=st.lists(st.sampled_from("ijk"), max_size=9))
def test_random_waivers_are_as_a_loop_has_them(
    engine: Engine, given_rows: list[Row], given_waivers: list[Any], parts: list[str]
) -> None:
    rows = [
        exposure(number, **{**row, "object": f"{row['database']}.t{number}"})
        for number, row in enumerate(given_rows, 1)
    ]
    incidents: dict[str, list[str]] = {}
    for place, key in enumerate(parts):
        ids = incidents.setdefault(key, [])
        ids += [name for name in [f"e{place % len(rows) + 1}"] if name not in ids]
    waivers = [
        SourcedWaiver(
            waiver(
                f"w{number}",
                {key: VALUES[key][pick] for key, pick in scope.items()},
                expires=expires,
                max_tables=most,
            ),
            source,
        )
        for number, (scope, source, expires, most) in enumerate(given_waivers)
    ]
    found = measured(engine, rows, incidents, *waivers)
    assert dict(found.holding) == _naive(rows, incidents, waivers)


def _naive(
    rows: list[Row], incidents: Mapping[str, list[str]], waivers: list[SourcedWaiver]
) -> dict[str, tuple[str, ...]]:
    covers = {
        each.waiver.waiver: {row["id"] for row in rows if _covers(each.waiver, row, incidents)}
        for each in waivers
    }
    counting: dict[str, list[str]] = {}
    for row in rows:
        speaking = [each for each in waivers if row["id"] in covers[each.waiver.waiver]]
        if any(each.source == FILE for each in speaking):
            speaking = [each for each in speaking if each.source == FILE]
        counting[row["id"]] = [
            each.waiver.waiver
            for each in speaking
            if each.waiver.expires >= TODAY
            and (each.waiver.max_tables or 99) >= len(covers[each.waiver.waiver])
        ]
    order = [each.waiver.waiver for each in sorted(waivers, key=lambda one: one.source != FILE)]
    return {
        key: tuple(name for name in order if any(name in counting[each] for each in ids))
        for key, ids in incidents.items()
        if all(counting[each] for each in ids)
    }


def _covers(made: Waiver, row: Row, incidents: Mapping[str, list[str]]) -> bool:
    same: dict[str, object] = {
        "lake": "prod",
        "catalog": row["catalog"],
        "database": row["database"],
        "tier": row["tier"],
        "right": row["right"],
        "kind": row["kind"],
        "exposure": row["id"],
    }
    for key, value in made.scope.items():
        if key == "table":
            holds = value in (row["table"], row["object"])
        elif key in ("class", "principal"):
            holds = row["classes" if key == "class" else "openings"] == [value]
        elif key == "incident":
            holds = row["id"] in incidents.get(value, ())
        else:
            holds = same[key] == value
        if not holds:
            return False
    return True
