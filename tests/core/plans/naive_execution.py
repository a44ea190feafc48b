"""Runs a plan's statements on a random lake's rows, as Hive does: one row after another.

Written from docs/semantics.md and what a real Hive did (tests/hive/test_plans_on_hive.py),
apart from app.core.plans, which it is the oracle of.
"""

import re
from copy import deepcopy
from typing import Any

from app.core.incidents import MendStatement
from tests.core.random_lakes import RandomLake

_NAME = r"(?:`(?:[^`]|``)*`|[A-Za-z][A-Za-z0-9_]*)"
_PRINCIPALS = rf"(?:USER|ROLE|GROUP) {_NAME}(?:, (?:USER|ROLE|GROUP) {_NAME})*"
_GRANT = re.compile(
    r"(?P<verb>GRANT|REVOKE)(?P<option> GRANT OPTION FOR)? (?P<privileges>[A-Z, ()a-z_`]+?)"
    rf"(?: ON (?P<kind>TABLE|DATABASE) (?P<object>{_NAME}(?:\.{_NAME})?))?"
    rf" (?:TO|FROM) (?P<principals>{_PRINCIPALS})"
)
_ROLE = re.compile(
    rf"(?P<verb>GRANT|REVOKE) ROLE (?P<role>{_NAME}) (?:TO|FROM) (?P<principals>{_PRINCIPALS})"
)
DATABASES = ("default", "hr")


class RefusedError(AssertionError):
    """Hive would refuse the statement."""


class NaiveHive:
    """A lake on which statements run."""

    def __init__(self, lake: RandomLake, mode: str) -> None:
        self.lake = RandomLake(deepcopy(lake.rows))
        self.mode = mode

    def run(self, statement: MendStatement) -> None:
        """Run one statement as whoever must run it. Raises RefusedError."""
        who = statement.run_as.removeprefix("user:")
        if self.mode == "sql-standard":
            assert statement.run_as in ("admin", f"user:{who}"), statement
        role = _ROLE.fullmatch(statement.sql)
        if role:
            self._role(role, statement.run_as, who)
            return
        found = _GRANT.fullmatch(statement.sql)
        assert found, statement.sql
        for kind, name in _principals(found["principals"]):
            for privilege in re.findall(r"[A-Z]+(?: \([^)]*\))?", found["privileges"]):
                self._privilege(found, who, statement, kind, name, privilege)

    def _role(self, found: re.Match[str], run_as: str, who: str) -> None:
        role = _name(found["role"])
        if self.mode == "sql-standard":
            if role != role.lower():
                raise RefusedError(role)
            holders = [row for row in self.lake.of("role_members") if row["role"] == role]
            with_option = any(row["member"] == who and row["admin_option"] for row in holders)
            if run_as == "admin":
                assert self._an_administrator()
            elif not with_option:
                raise RefusedError(run_as)
        for kind, name in _principals(found["principals"]):
            rows = self.lake.rows["role_members"]
            mine = [
                row
                for row in rows
                if (row["member_type"], row["member"], row["role"]) == (kind, name, role)
                and row["admin_option"] is not None
            ]
            if found["verb"] == "REVOKE":
                if not mine:
                    raise RefusedError("no such membership")
                self.lake.rows["role_members"] = [row for row in rows if row not in mine]
            else:
                rows.append(_member(kind, name, role))

    def _an_administrator(self) -> bool:
        active = {row["name"] for row in self.lake.of("users") if row["active"]}
        return bool(active) or not self.lake.of("users")

    def _privilege(
        self,
        found: re.Match[str],
        who: str,
        statement: MendStatement,
        kind: str,
        name: str,
        privilege: str,
    ) -> None:
        level, place = self._place(found)
        column = None
        if "(" in privilege:
            privilege, _, inside = privilege.partition(" (")
            level, column = "column", _name(inside.rstrip(")"))
        rows = self.lake.rows["grants"]
        here = [
            row
            for row in sorted(rows, key=lambda row: row["source_row"])
            if (row["level"], row["object_id"], row["column"]) == (level, place, column)
            and (row["principal_type"], row["principal"]) == (kind, name)
            and row["privilege"] == privilege
        ]
        if found["verb"] == "GRANT":
            if not any(row["grantor"] == who for row in here):
                rows.append(_grant(level, place, kind, name, privilege, who, len(rows)))
            return
        own = [row for row in here if row["grantor"] == who and row["grantor_type"] == "USER"]
        if not here or (self.mode == "sql-standard" and not own):
            raise RefusedError(statement.sql)
        if found["option"]:
            here[0]["grant_option"] = False
        else:
            rows.remove(here[0])

    def _place(self, found: re.Match[str]) -> tuple[str, int | None]:
        if not found["object"]:
            return "global", None
        parts = [_name(part) for part in re.findall(_NAME, found["object"])]
        database = DATABASES.index(parts[0])
        if found["kind"] == "DATABASE":
            return "database", database
        for row in self.lake.of("tables"):
            if (row["database_id"], row["name"]) == (database, parts[1]):
                return "table", row["table_id"]
        raise RefusedError(found["object"])


def _principals(text: str) -> list[tuple[str, str]]:
    return [(kind, _name(name)) for kind, name in re.findall(rf"(USER|ROLE|GROUP) ({_NAME})", text)]


def _name(text: str) -> str:
    return text[1:-1].replace("``", "`") if text.startswith("`") else text


def _member(kind: str, name: str, role: str) -> dict[str, Any]:
    return {
        "member_type": kind,
        "member": name,
        "role": role,
        "admin_option": False,
        "grantor": "root",
        "grantor_type": "USER",
        "create_time": 1_800_000_000,
        "source_row": None,
    }


def _grant(
    level: str, place: int | None, kind: str, name: str, privilege: str, who: str, number: int
) -> dict[str, Any]:
    return {
        "level": level,
        "object_id": place,
        "column": None,
        "partition": None,
        "connector": None,
        "principal_type": kind,
        "principal": name,
        "privilege": privilege,
        "grant_option": False,
        "grantor": who,
        "grantor_type": "USER",
        "create_time": 1_800_000_000,
        "source_row": 10_000 + number,
        "authorizer": "SQL",
    }
