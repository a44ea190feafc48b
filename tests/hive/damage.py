"""Damages a metastore by hand: rows as upgrades, other engines and old hands leave them.

Everything is written straight into PostgreSQL, past Hive; Hive keeps no copy of it.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from tests.hive.hive_server import Mode
from tests.hive.random_lake import GRANTEES

AUTHORIZERS = (None, "v1", "SQL", "RangerHivePolicyProvider", "somebody else")
ODD_PRIVILEGES = (
    *("select", "Select", "SELECT ", "insert", "all", "All", "ALL", "OWNERSHIP", "READ"),
    *("CREATE", "update", "FOO", "", "1 0 0 0 0 0 0 0 0"),
)
ODD_TYPES = ("user", "User", "role", "Role", "PRINCIPAL")
GRANTOR = "old hand"

_FIRST_ID = 5_000_000  # far from the blocks of ids which Hive takes
_PRIVILEGE_TABLES = {
    "GLOBAL_PRIVS": ("USER_GRANT_ID", "USER_PRIV"),
    "DB_PRIVS": ("DB_GRANT_ID", "DB_PRIV"),
    "TBL_PRIVS": ("TBL_GRANT_ID", "TBL_PRIV"),
    "TBL_COL_PRIVS": ("TBL_COLUMN_GRANT_ID", "TBL_COL_PRIV"),
}


@dataclass(frozen=True)
class _Role:
    number: int
    name: str


class Damage:
    """Damages one metastore in every way there is, from a seed."""

    def __init__(self, connection: psycopg.Connection[Any], mode: Mode, seed: int) -> None:
        self._connection = connection
        self._mode = mode
        self._random = random.Random(f"damage {mode} {seed}")
        self._last_id = _FIRST_ID
        self._tables = self._column('SELECT "TBL_ID" FROM "TBLS" ORDER BY 1')
        self._databases = self._column('SELECT "DB_ID" FROM "DBS" ORDER BY 1')

    def do(self) -> None:
        """Write all of it."""
        self._authorizers()
        self._odd_privileges()
        self._public_and_groups()
        self._odd_principals()
        self._role_cases()
        self._roles_gone()
        self._cycles()
        if self._mode == "legacy":
            self._columns_in_other_case()

    def _authorizers(self) -> None:
        for table, (key, _) in _PRIVILEGE_TABLES.items():
            for number in self._column(f'SELECT "{key}" FROM "{table}" ORDER BY 1'):
                if self._random.random() < 0.4:
                    self._connection.execute(
                        _sql(f'UPDATE "{table}" SET "AUTHORIZER" = %s WHERE "{key}" = %s'),
                        (self._random.choice(AUTHORIZERS), number),
                    )

    def _odd_privileges(self) -> None:
        for text in ODD_PRIVILEGES:
            for _ in range(2):
                self._grant_on_table(self._random.choice(GRANTEES), "USER", text)
            self._grant_on_table(self._some_role(), "ROLE", text)
            self._grant_on_database(self._random.choice(GRANTEES), "USER", text)
            self._grant_everywhere(f"nobody-{len(text)}", "USER", text)
        self._grant_everywhere("hugo", "USER", "FOO")
        self._grant_everywhere(self._some_role(), "ROLE", "ALL")

    def _public_and_groups(self) -> None:
        self._grant_on_table("public", "ROLE", "FOO")
        for text in ("SELECT", "select", "INSERT"):
            self._grant_on_table("public", "ROLE", text)
            self._grant_on_table("PUBLIC", "ROLE", text)
            self._grant_on_table("public", "USER", text)
            self._grant_on_table("public", "GROUP", text)
        self._grant_on_table("everyone", "GROUP", "SELECT")
        self._grant_on_table("hr-team", "GROUP", "FOO")
        self._grant_on_database("public", "GROUP", "SELECT")
        self._grant_everywhere("public", "ROLE", "SELECT")

    def _odd_principals(self) -> None:
        for kind in ODD_TYPES:
            self._grant_on_table(self._random.choice(GRANTEES), kind, "SELECT")
            self._grant_on_table(self._some_role(), kind, "SELECT")
        for name in ("BOB", "Bob", "gina", "CARL", "Analysts", "FINANCE"):
            self._grant_on_table(name, "USER", "SELECT")
            self._grant_on_table(name, "ROLE", "SELECT")
        self._grant_on_table("no such role", "ROLE", "SELECT")

    def _role_cases(self) -> None:
        """Roles that an upgrade left in upper case, PUBLIC and ADMIN among them."""
        for name, member in (("PUBLIC", "ann"), ("ADMIN", "carl"), ("Quality", "GINA")):
            role = self._new_role(name)
            self._join(member, "USER", role)
            for _ in range(3):
                self._grant_on_table(name, "ROLE", "SELECT")
            self._grant_on_table(name.lower() + "x", "ROLE", "SELECT")
        quality = self._new_role("quality-top")
        self._join("QUALITY", "ROLE", quality)
        self._grant_on_table("quality-top", "ROLE", "SELECT")
        for kind in ("user", "role", "GROUP"):
            self._join("bob", kind, quality)
        self._join("BOB", "USER", quality)
        self._join("public", "GROUP", quality)
        self._join("PUBLIC", "ROLE", quality)

    def _roles_gone(self) -> None:
        """Memberships in roles whose row is gone: Hive refuses their members everything."""
        self._connection.execute('ALTER TABLE "ROLE_MAP" DROP CONSTRAINT "ROLE_MAP_ROLE_ID_fkey"')
        gone = _Role(self._next_id(), "gone")
        self._join("ivy", "USER", gone)
        above = self._new_role("above the gone")
        self._join("above the gone", "ROLE", gone)
        self._join("frank x", "USER", above)
        self._grant_on_table("ivy", "USER", "SELECT")
        self._grant_on_table("frank x", "USER", "SELECT")
        self._grant_on_table("gone", "ROLE", "SELECT")

    def _cycles(self) -> None:
        first, second, third = (self._new_role(f"cycle-{number}") for number in (1, 2, 3))
        for lower, upper in ((first, second), (second, third), (third, first), (third, third)):
            self._join(lower.name, "ROLE", upper)
        self._join("hugo", "USER", second)
        for role in (first, second, third):
            self._grant_on_table(role.name, "ROLE", "SELECT")

    def _columns_in_other_case(self) -> None:
        columns = self._connection.execute(
            'SELECT t."TBL_ID", c."COLUMN_NAME" FROM "TBLS" t JOIN "SDS" USING ("SD_ID") '
            'JOIN "COLUMNS_V2" c USING ("CD_ID") ORDER BY 1, 2'
        ).fetchall()
        for table, column in self._random.sample(columns, 40):
            name = self._random.choice((column, column.upper(), column.capitalize()))
            text = self._random.choice(("SELECT", "select", "ALL", "all", *ODD_PRIVILEGES))
            values = {"TBL_ID": table, "COLUMN_NAME": name}
            self._grant("TBL_COL_PRIVS", self._random.choice(GRANTEES), "USER", text, values)

    def _grant_on_table(self, name: str, kind: str, text: str) -> None:
        self._grant("TBL_PRIVS", name, kind, text, {"TBL_ID": self._random.choice(self._tables)})

    def _grant_on_database(self, name: str, kind: str, text: str) -> None:
        values = {"DB_ID": self._random.choice(self._databases)}
        self._grant("DB_PRIVS", name, kind, text, values)

    def _grant_everywhere(self, name: str, kind: str, text: str) -> None:
        self._grant("GLOBAL_PRIVS", name, kind, text, {})

    def _grant(self, table: str, name: str, kind: str, text: str, place: dict[str, object]) -> None:
        key, privilege = _PRIVILEGE_TABLES[table]
        values = {
            key: self._next_id(),
            privilege: text,
            "PRINCIPAL_NAME": name,
            "PRINCIPAL_TYPE": kind,
            "CREATE_TIME": 1_500_000_000,
            "AUTHORIZER": self._random.choice(AUTHORIZERS),
        }
        self._insert(table, values | place | _GRANTED)

    def _new_role(self, name: str) -> _Role:
        role = _Role(self._next_id(), name)
        values = {"ROLE_ID": role.number, "ROLE_NAME": name, "CREATE_TIME": 1_500_000_000}
        self._insert("ROLES", values | {"OWNER_NAME": GRANTOR})
        return role

    def _join(self, member: str, kind: str, role: _Role) -> None:
        values = {
            "ROLE_GRANT_ID": self._next_id(),
            "PRINCIPAL_NAME": member,
            "PRINCIPAL_TYPE": kind,
            "ROLE_ID": role.number,
            "ADD_TIME": 1_500_000_000,
        }
        # The metastore's key leaves the type out: one grantor for each kind of member.
        self._insert("ROLE_MAP", values | _GRANTED | {"GRANTOR": f"{GRANTOR} {kind}"})

    def _insert(self, table: str, values: dict[str, object]) -> None:
        columns = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(["%s"] * len(values))
        statement = _sql(f'INSERT INTO "{table}" ({columns}) VALUES ({places})')
        self._connection.execute(statement, list(values.values()))

    def _some_role(self) -> str:
        names: Sequence[str] = self._column(
            """SELECT "ROLE_NAME" FROM "ROLES" WHERE "ROLE_NAME" NOT IN ('admin', 'public')
            ORDER BY "ROLE_ID" """
        )
        return self._random.choice(names)

    def _column(self, query: str) -> list[Any]:
        return [row[0] for row in self._connection.execute(_sql(query))]

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id


_GRANTED: dict[str, object] = {"GRANT_OPTION": 0, "GRANTOR": GRANTOR, "GRANTOR_TYPE": "USER"}


def _sql(text: str) -> sql.Composed:
    return sql.Composed([sql.SQL(text)])
