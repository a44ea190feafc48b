"""A small lake of oddities, by hand: what upgrades, other engines and mishaps leave behind.

Beside `damage.py`, which spreads its rows by chance: here each oddity has its own table and
its own people, so that an answer tells which of them it was. Missing texts and names, blanks
around names, roles named as keywords, `admin` and `public` below other roles, owners of every
kind, rows of parts under SQL-standard authorization, columns that differ in case.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from tests.hive.damage import _sql
from tests.hive.hive_server import Mode

USERS = (
    *("ann", "Ann", "bob", "admin", "public", "PUBLIC", "root2", "nest", "colu", "colu2"),
    *("dbu", "ownr", "OWNR", "ops", "stranger", "o'brien", "x.y"),
)
TABLES = (
    *("plain", "nullpriv", "nullwho", "blankwho", "ownnull", "ownempty", "ownrole", "ownname"),
    *("admins", "above", "cased", "dup", "many"),
)
PARTED = ("parts_lc", "parts_blank")
#: database → its owner and the owner's type
OWNERS = {
    "d_null": (None, None),
    "d_group": ("ops", "GROUP"),
    "d_pub": ("public", "ROLE"),
    "d_adm": ("admin", "ROLE"),
    "d_user": ("ann", "USER"),
    "d_untyped": ("ann", None),
}

#: table → (kind, principal, privilege[, option]) of its rows
_ON_TABLES: dict[str, tuple[tuple[Any, ...], ...]] = {
    "plain": (
        *(("USER", "o'brien", "SELECT"), ("USER", "x.y", "SELECT")),
        *(("ROLE", "readers", "SELECT"), ("USER", "admin", "INSERT")),
    ),
    "v": (
        *(("ROLE", "low", "SELECT"), ("USER", "public", "SELECT")),
        *(("USER", "x.y", "FOO"), ("USER", "x.y", "SELECT")),
    ),
    "nullpriv": (
        *(("USER", "ann", None), ("USER", "ann", "SELECT"), ("USER", "bob", "SELECT")),
        *(("ROLE", "all", None), ("USER", "x.y", "SELECT")),
    ),
    "nullwho": (
        *(("USER", None, "SELECT"), (None, "ann", "SELECT"), ("USER", "bob", "SELECT")),
        *((None, None, "SELECT"), ("ROLE", None, "FOO")),
    ),
    "blankwho": (
        *(("USER", "ann ", "SELECT"), ("USER", " bob", "SELECT"), ("USER", "", "SELECT")),
        *(("ROLE", "", "SELECT"), ("ROLE", "readers ", "SELECT"), ("USER", "x.y", "SELECT ")),
    ),
    "ownnull": (("USER", "ann", "SELECT"),),
    "ownempty": (("USER", "ann", "SELECT"),),
    "ownrole": (("USER", "ann", "SELECT"),),
    "ownname": (("USER", "ann", "SELECT"),),
    "admins": (
        *(("ROLE", "admin", "SELECT"), ("ROLE", "ADMIN", "SELECT"), ("ROLE", "Admin", "SELECT")),
        ("USER", "admin", "SELECT"),
    ),
    "above": (
        *(("ROLE", "top", "SELECT"), ("ROLE", "pub_r", "INSERT")),
        *(("ROLE", "none", "SELECT"), ("ROLE", "all", "DELETE")),
    ),
    "parts_lc": (("USER", "ann", "SELECT"),),
    "parts_blank": (("USER", "ann", "SELECT"),),
    "dup": (
        *(("USER", "ann", "SELECT", option) for option in (0, 1, 0, 1)),
        *(("ROLE", "low", "SELECT", option) for option in (0, 1, 0, 1)),
        *(("USER", "bob", "SELECT"), ("USER", "x.y", "SELECT", 1), ("USER", "x.y", "SELECT", 2)),
    ),
    "many": (
        *(("USER", "ann", text) for text in ("SELECT", "INSERT", "UPDATE", "DELETE", "select")),
        *(("ROLE", "low", "ALL"), ("GROUP", "readers", "FOO"), ("USER", "bob", "SELECT")),
        *(("GROUP", "bob", "FOO"), ("USER", "dbu", "UPDATE"), ("USER", "dbu", "CREATE")),
    ),
}
_ON_DATABASES = (
    *(("d_user", "USER", "ann", "FOO"), ("d_untyped", "ROLE", "readers", "CREATE")),
    *(("d_pub", "USER", "bob", "CREATE"), ("d_pub", "USER", "x.y", None)),
    *(("default", "USER", "x.y", "FOO"), ("default", "ROLE", "low", "SELECT")),
    *(("hr", "USER", "dbu", "SELECT"), ("hr", "ROLE", "ops", "CREATE")),
    *(("d_group", "GROUP", "ops", "CREATE"), ("hr", "USER", "ownr", "DROP")),
)
_EVERYWHERE = (
    *(("USER", "OWNR", "ALL"), ("ROLE", "readers", "ALL")),
    ("USER", "stranger", "SHOW_DATABASE"),
)
_ON_COLUMNS = {
    "colu": ("id", "email"),
    "colu2": ("id", "Email"),
    "ann": ("ID", "EMAIL"),
    "bob": ("id",),
    "x.y": ("email", "Email", "id"),
}
_MEMBERS = (
    *(("USER", "root2", "admin"), ("ROLE", "admin", "top"), ("USER", "nest", "ops")),
    *(("ROLE", "ops", "admin"), ("ROLE", "public", "pub_r"), ("USER", "bob", "all")),
    *(("USER", "x.y", "none"), ("USER", "ann", "readers"), ("USER", "Ann", "Readers")),
    *(("ROLE", "readers", "low"), ("USER", "bob", "ADMIN")),
)
_FIRST_ID = 7_000_000  # far from the blocks of ids which Hive takes


def statements(mode: Mode) -> list[str]:
    """What the administrator runs in Hive first."""
    made = ["SET ROLE ADMIN"] if mode == "sql-standard" else []
    made += [f"CREATE DATABASE {database}" for database in ("hr", *OWNERS)]
    made += [f"CREATE TABLE hr.{table} (id int, email string)" for table in TABLES]
    for table in PARTED:
        made.append(f"CREATE TABLE hr.{table} (id int, email string) PARTITIONED BY (`day` string)")
        made.append(f"ALTER TABLE hr.{table} ADD PARTITION (`day`='1')")
    made += ["CREATE VIEW hr.v AS SELECT * FROM hr.plain", "CREATE TABLE default.dt (id int)"]
    return made + [f"CREATE ROLE {role}" for role in ("ops", "top", "pub_r", "low", "readers")]


@dataclass
class OddRows:
    """Writes the rest straight into the metastore, past Hive."""

    connection: psycopg.Connection[Any]
    _last_id: int = _FIRST_ID

    def write(self) -> None:
        """Write all of it."""
        for role in ("ADMIN", "all", "none", "Readers"):
            values = {"ROLE_ID": self._id(), "ROLE_NAME": role, "CREATE_TIME": 1}
            self._insert("ROLES", values | {"OWNER_NAME": "x"})
        for kind, member, role in _MEMBERS:
            values = {"ROLE_GRANT_ID": self._id(), "ADD_TIME": 1, "ROLE_ID": self._role(role)}
            by = {"GRANTOR": f"g{self._last_id}", "GRANTOR_TYPE": "USER", "GRANT_OPTION": 0}
            self._insert("ROLE_MAP", values | by | _whom(kind, member))
        for table, rows in _ON_TABLES.items():
            for kind, name, text, *option in rows:
                self._on_table(table, kind, name, text, *option)
        for database, kind, name, text in _ON_DATABASES:
            values = {"DB_GRANT_ID": self._id(), "DB_ID": self._database(database)}
            self._insert("DB_PRIVS", values | _whom(kind, name) | {"DB_PRIV": text} | _NOBODY)
        for kind, name, text in _EVERYWHERE:
            values = {"USER_GRANT_ID": self._id(), "USER_PRIV": text}
            self._insert("GLOBAL_PRIVS", values | _whom(kind, name) | _NOBODY)
        self._owners()
        self._columns()
        for table, value in zip(PARTED, ("true", "TRUE "), strict=True):
            self._parts(table, value)

    def _on_table(self, table: str, kind: Any, name: Any, text: Any, option: int = 0) -> None:
        values = {"TBL_GRANT_ID": self._id(), "TBL_ID": self._table(table), "TBL_PRIV": text}
        by = {"GRANT_OPTION": option, "GRANTOR": f"by {option}", "GRANTOR_TYPE": "USER"}
        authorizer = {"AUTHORIZER": "SQL" if self._last_id % 2 else None}
        self._insert("TBL_PRIVS", values | _NOBODY | by | authorizer | _whom(kind, name))

    def _owners(self) -> None:
        owners = {
            "ownnull": (None, "USER"),
            "ownempty": ("", "USER"),
            "ownrole": ("ops", "ROLE"),
            "ownname": ("ownr", None),
        }
        for table, owner in owners.items():
            statement = 'UPDATE "TBLS" SET "OWNER" = %s, "OWNER_TYPE" = %s WHERE "TBL_ID" = %s'
            self.connection.execute(statement, (*owner, self._table(table)))
        for database, owner in OWNERS.items():
            statement = 'UPDATE "DBS" SET "OWNER_NAME" = %s, "OWNER_TYPE" = %s WHERE "DB_ID" = %s'
            self.connection.execute(statement, (*owner, self._database(database)))

    def _columns(self) -> None:
        self.connection.execute(
            """UPDATE "COLUMNS_V2" SET "COLUMN_NAME" = 'Email' WHERE "COLUMN_NAME" = 'email'
            AND "CD_ID" = (SELECT "CD_ID" FROM "SDS" JOIN "TBLS" USING ("SD_ID")
                           WHERE "TBL_ID" = %s)""",
            (self._table("cased"),),
        )
        for user, columns in _ON_COLUMNS.items():
            for column in columns:
                self._on_column("cased", user, column)

    def _parts(self, table: str, value: str) -> None:
        self.connection.execute(
            'INSERT INTO "TABLE_PARAMS" VALUES (%s, %s, %s)',
            (self._table(table), "PARTITION_LEVEL_PRIVILEGE", value),
        )
        for column in ("id", "email"):
            self._on_column(table, "colu", column)
        part = self._one('SELECT "PART_ID" FROM "PARTITIONS" WHERE "TBL_ID" = %s', table=table)
        rows = (
            *(("USER", "bob", "SELECT"), ("ROLE", "readers", "all")),
            *(("USER", "dbu", "FOO"), ("USER", "x.y", None)),
        )
        for kind, name, text in rows:
            values = {"PART_GRANT_ID": self._id(), "PART_ID": part, "PART_PRIV": text}
            self._insert("PART_PRIVS", values | _NOBODY | _whom(kind, name))
        for name, columns in (("colu2", ("id", "email")), ("ownr", ("id",))):
            for column in columns:
                values = {"PART_COLUMN_GRANT_ID": self._id(), "PART_ID": part}
                what = {"COLUMN_NAME": column, "PART_COL_PRIV": "SELECT"}
                self._insert("PART_COL_PRIVS", values | what | _NOBODY | _whom("USER", name))

    def _on_column(self, table: str, user: str, column: str) -> None:
        values = {"TBL_COLUMN_GRANT_ID": self._id(), "TBL_ID": self._table(table)}
        what = {"COLUMN_NAME": column, "TBL_COL_PRIV": "SELECT"}
        self._insert("TBL_COL_PRIVS", values | what | _NOBODY | _whom("USER", user))

    def _insert(self, table: str, values: dict[str, Any]) -> None:
        columns = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(["%s"] * len(values))
        statement = f'INSERT INTO "{table}" ({columns}) VALUES ({places})'
        self.connection.execute(_sql(statement), list(values.values()))

    def _id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _table(self, name: str) -> int:
        return self._one('SELECT "TBL_ID" FROM "TBLS" WHERE "TBL_NAME" = %s', name)

    def _database(self, name: str) -> int:
        return self._one('SELECT "DB_ID" FROM "DBS" WHERE "NAME" = %s', name)

    def _role(self, name: str) -> int:
        return self._one('SELECT "ROLE_ID" FROM "ROLES" WHERE "ROLE_NAME" = %s', name)

    def _one(self, query: str, name: str | None = None, *, table: str | None = None) -> int:
        wanted = name if table is None else self._table(table)
        found = self.connection.execute(_sql(query), (wanted,)).fetchone()
        assert found is not None, (query, wanted)
        return int(found[0])


_NOBODY: dict[str, Any] = {
    "CREATE_TIME": 1,
    "GRANT_OPTION": 0,
    "GRANTOR": None,
    "GRANTOR_TYPE": None,
}


def _whom(kind: str | None, name: str | None) -> dict[str, Any]:
    return {"PRINCIPAL_TYPE": kind, "PRINCIPAL_NAME": name}
