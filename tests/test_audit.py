"""The audit as a whole, on random lakes and policies, against a loop over everything."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.audit import AuditParts, AuditRun, audit_snapshot
from app.core.rights import MODES
from app.core.verdicts import Policies
from app.core.view_text import MemoryViewParses
from app.lake.engine_duckdb import DuckDbEngine
from app.lake.snapshot_writer import Taken, write_snapshot
from app.policy.compiled import compile_judge
from app.policy.loading import load_policies
from tests.core import naive_hive
from tests.core.random_lakes import RandomLake, lakes

AUDIENCES = ("user:ann", "user:bob", "group:staff", "group:team", "role:r1", "everyone")
NOW = "2026-06-09T00:00:00Z"
JUDGED = ("delegate", "insert", "select")

MODEL = """[request_definition]
r = sub, cls, act
[policy_definition]
p = sub, cls, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && keyMatch(r.cls, p.cls) && keyMatch(r.act, p.act)
"""

CLASSES = """classes:
  keys:
    tier: restricted
    contract: {max_people: 2, notify: [owner@example.com]}
    rules:
      keys-tables: {tables: ["keys*"]}
      keys-columns: {tables: ["pay*"], columns: [keystroke]}
  payroll:
    tier: confidential
    rules:
      pay-tables: {tables: ["pay*"]}
"""

_CELLS = "{select: SEV1, insert: SEV2, delegate: SEV3}"
SEVERITY = "many_people: 3\nseverities:\n" + "".join(
    f"  {tier}:\n"
    + "".join(f"    {reach}: {_CELLS}\n" for reach in ("everyone", "over-contract", "many", "few"))
    for tier in ("restricted", "confidential", "internal", "public", "unclassified")
)


@st.composite
def policy_lines(draw: st.DrawFn) -> str:
    """A policy.csv of a few lines."""
    lines = [
        ",".join(
            (
                "p",
                draw(st.sampled_from(AUDIENCES)),
                draw(st.sampled_from(("keys", "payroll", "*"))),
                draw(st.sampled_from((*JUDGED, "*"))),
                draw(st.sampled_from(("allow", "allow", "deny"))),
            )
        )
        for _ in range(draw(st.integers(1, 5)))
    ]
    return "\n".join(lines) + "\n"


def policies_in(folder: Path, lines: str) -> Policies:
    """Policies written and loaded."""
    files = {
        "model.conf": MODEL,
        "policy.csv": lines,
        "classes.yaml": CLASSES,
        "severity.yaml": SEVERITY,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_policies(folder)


class NaiveAudit:
    """What the audit should find, table by table, right by right, user by user."""

    def __init__(self, lake: RandomLake, mode: str, allowed: Callable[[str, str, str], bool]):
        self.lake = lake
        self.mode = mode
        self.allowed = allowed
        self.listed = {row["name"]: row for row in lake.of("users")}
        self.active = {name for name, row in self.listed.items() if self._active_person(row)}

    @staticmethod
    def _active_person(row: dict[str, Any]) -> bool:
        return bool(row["active"]) and row["kind"] == "person"

    def can(self, user: str, right: str, table: dict[str, Any], column: str | None) -> bool:
        """Hive's answer."""
        if self.mode == "off":
            return True
        if self.mode == "sql-standard":
            return naive_hive.sql_standard(self.lake, user, right, table)
        groups = naive_hive.groups_of(self.lake, user)
        return naive_hive.legacy(self.lake, user, right, table, groups, column)

    def exposures(self, users: list[str]) -> dict[tuple[str, str], set[str]]:
        """(table, right) → kinds, over all tables."""
        found = {}
        for table in self.lake.of("tables"):
            for right in JUDGED:
                kinds = self._kinds(table, right, users)
                if kinds:
                    database = ("default", "hr")[table["database_id"]]
                    found[f"{database}.{table['name']}", right] = kinds
        return found

    def _kinds(self, table: dict[str, Any], right: str, users: list[str]) -> set[str]:
        classes = self._classes(table["name"])
        reached: set[str] = set()
        violators: set[str] = set()
        for user in users:
            reaches = {
                name: self._reaches(user, right, table, columns)
                for name, columns in (classes or {"unclassified": None}).items()
            }
            if any(reaches.values()):
                reached.add(user)
            if self._violates(user, right, reaches):
                violators.add(user)
        people = len(reached & self.active)
        everyone = naive_hive.ANYONE in reached or (
            bool(self.active) and people >= 0.9 * len(self.active)
        )
        if not classes:
            return {"unclassified"} if everyone and violators else set()
        kinds = set()
        if violators and right == "delegate":
            kinds.add("can-delegate")
        if violators and everyone:
            kinds.add("everyone")
        elif violators and right != "delegate":
            kinds.add("not-allowed")
        if "keys" in classes and right == "select" and (people > 2 or everyone):
            kinds.add("over-head-count")
        return kinds

    def _classes(self, name: str) -> dict[str, str | None]:
        if name.startswith("keys"):
            return {"keys": None}
        return {"keys": "keystroke", "payroll": None} if name.startswith("pay") else {}

    def _reaches(self, user: str, right: str, table: dict[str, Any], column: str | None) -> bool:
        """Whether the user reaches data of a class: of one column, or of any of them."""
        if self.can(user, right, table, None):
            return True
        if self.mode != "legacy" or right != "select":
            return False
        columns = [column] if column else ["id", "keystroke", "note"]
        return any(self.can(user, right, table, name) for name in columns)

    def _violates(self, user: str, right: str, reaches: dict[str, bool]) -> bool:
        return any(
            reached and not self.allowed(self._subject(user), name, right)
            for name, reached in reaches.items()
        )

    def _subject(self, user: str) -> str:
        return "anyone" if user == naive_hive.ANYONE else f"user:{user}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lakes(), policy_lines(), st.sampled_from(["sql-standard", "legacy", "off"]))
def test_the_audit_finds_what_a_loop_over_everything_finds(
    lake: RandomLake, lines: str, mode: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policies = policies_in(folder, lines)
        snapshot = write_snapshot(lake.facts(), folder / "snapshots", Taken.now("random", ""))
        judges = []

        def compiled(policies: Policies, population: Any) -> Any:
            judges.append((compile_judge(policies, population), population))
            return judges[-1][0]

        parts = AuditParts(
            lake="random",
            data=folder,
            mode=MODES[mode],
            engine_groups="directory",
            everyone_at=0.9,
            policies=policies,
            compile_judge=compiled,
            new_engine=lambda: DuckDbEngine(threads=1),
            view_parses=MemoryViewParses(),
        )
        run = AuditRun("run", NOW, lambda: NOW, None, True)
        result = audit_snapshot(parts, snapshot, run)
        rows = pq.read_table(result.folder / "exposures.parquet").to_pylist()
    judge, population = judges[0]

    def allowed(subject: str, data_class: str, right: str) -> bool:
        name = subject.removeprefix("user:")
        bit = 0 if subject == "anyone" else population.bit(name)
        return bit in judge.permitted(data_class, right)

    naive = NaiveAudit(lake, mode, allowed)
    users = [*population.users, naive_hive.ANYONE]
    has_opaque = bool(population.opaque)
    found = {
        (row["object"], row["right"]): set(row["kinds"]) for row in rows if row["scope"] == "table"
    }
    expected = naive.exposures(users)
    if not (has_opaque and mode == "legacy"):
        assert found == expected
    else:
        # A group of unknown size counts as its worst case: more may be found, never less.
        assert set(found) >= set(expected)


def test_a_mode_without_groups_ignores_the_roles_of_groups(tmp_path: Path) -> None:
    """SQL-standard keeps such a row of ROLE_MAP and never reads it: so does the audit."""
    lake = RandomLake(
        {
            "catalogs": [{"name": "hive", "location": None}],
            "databases": [
                {
                    "database_id": 0,
                    "catalog": "hive",
                    "name": "default",
                    "owner": None,
                    "owner_type": None,
                    "location": None,
                    "properties": [],
                }
            ],
            "tables": [
                {
                    "table_id": 0,
                    "database_id": 0,
                    "name": "keys_1",
                    "kind": "MANAGED_TABLE",
                    "owner": "root",
                    "owner_type": "USER",
                    "location": None,
                    "create_time": 0,
                    "view_text": None,
                    "view_original_text": None,
                }
            ],
            "roles": [{"name": "r1", "create_time": 0}],
            "role_members": [
                {"member_type": kind, "member": name, "role": "r1", "admin_option": False}
                for kind, name in (("GROUP", "staff"), ("USER", "ann"))
            ],
            "grants": [
                {
                    "level": "table",
                    "object_id": 0,
                    "column": None,
                    "partition": None,
                    "connector": None,
                    "principal_type": "ROLE",
                    "principal": "r1",
                    "privilege": "SELECT",
                    "grant_option": False,
                    "grantor": "root",
                    "grantor_type": "USER",
                    "create_time": 0,
                    "source_row": 1,
                    "authorizer": "SQL",
                }
            ],
            "users": [{"name": name, "kind": "person", "active": True} for name in ("ann", "bob")],
            "groups": [{"name": "staff"}],
            "group_members": [{"member_type": "user", "member": "bob", "group": "staff"}],
        }
    )
    people = {}
    for mode in ("sql-standard", "legacy"):
        folder = tmp_path / mode
        folder.mkdir()
        snapshot = write_snapshot(lake.facts(), folder / "snapshots", Taken.now("by hand", ""))
        parts = AuditParts(
            lake="by hand",
            data=folder,
            mode=MODES[mode],
            engine_groups="directory",
            everyone_at=1.1,
            policies=policies_in(folder, "p, user:nobody, keys, select, allow\n"),
            compile_judge=compile_judge,
            new_engine=lambda: DuckDbEngine(threads=1),
            view_parses=MemoryViewParses(),
        )
        run = AuditRun("run", NOW, lambda: NOW, None, True)
        rows = pq.read_table(audit_snapshot(parts, snapshot, run).folder / "exposures.parquet")
        people[mode] = [row["people"] for row in rows.to_pylist() if row["scope"] == "table"]
    assert people == {"sql-standard": [1], "legacy": [2]}
