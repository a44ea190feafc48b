"""A small lake made by hand: a metastore in SQLite, a directory of people, the settings."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.wiring import starter_policies
from tests.sources.small_lake import Rows, into_sqlite

PEOPLE = ("ann", "bob", "cleo", "dan", "eve", "finn", "gil", "hana", "ivo", "jo")


class HandLake:
    """Builds up a metastore; `write` puts it in a folder, and may be called again."""

    def __init__(self, folder: Path, name: str = "main") -> None:
        self.folder = folder
        self.name = name
        self.people: list[str] = [f"{person},person,true" for person in PEOPLE]
        self.groups: list[str] = []
        self.memberships: list[str] = []
        self.rows: Rows = {
            "VERSION": [{"VER_ID": 1, "SCHEMA_VERSION": "4.0.0", "VERSION_COMMENT": "x"}],
            "CTLGS": [{"CTLG_ID": 1, "NAME": "hive", "LOCATION_URI": "hdfs://nn/w"}],
            **{table: [] for table in ("DBS", "TBLS", "SDS", "COLUMNS_V2", "TABLE_PARAMS")},
            **{table: [] for table in ("ROLES", "ROLE_MAP", "TBL_PRIVS", "DB_PRIVS")},
            **{table: [] for table in ("TBL_COL_PRIVS", "GLOBAL_PRIVS")},
        }
        self._databases: dict[tuple[str, str], int] = {}
        self._tables: dict[str, int] = {}
        for role in ("admin", "public"):
            self.role(role)
        self.database("default")

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "lakewarden.toml"

    @property
    def metastore(self) -> Path:
        """The metastore's file."""
        return self.folder / "metastore.sqlite"

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def source(self) -> str:
        """The metastore as a source."""
        return f"metastore+sqlite:///{self.metastore}"

    @property
    def directory(self) -> str:
        """The people as a directory."""
        return f"csv:{self.folder / 'people'}"

    def database(self, name: str, catalog: str = "hive", **more: Any) -> None:
        """Add a database."""
        number = len(self._databases) + 1
        self._databases[catalog, name] = number
        if catalog not in [row["NAME"] for row in self.rows["CTLGS"]]:
            self.rows["CTLGS"].append({"CTLG_ID": 10 + number, "NAME": catalog})
        row = {"DB_ID": number, "NAME": name, "DB_LOCATION_URI": f"hdfs://nn/w/{number}"}
        who = {"OWNER_NAME": "etl", "OWNER_TYPE": "USER", "CTLG_NAME": catalog, "TYPE": "NATIVE"}
        self.rows["DBS"].append({**row, **who, **more})

    def table(
        self,
        database: str,
        name: str,
        columns: Sequence[str] = ("id", "note"),
        *,
        catalog: str = "hive",
        location: str | None = None,
        properties: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        """Add a table; it is called `database.name` in `grant`."""
        if (catalog, database) not in self._databases:
            self.database(database, catalog)
        number = len(self._tables) + 1
        self._tables[f"{database}.{name}"] = number
        row = {"TBL_ID": number, "DB_ID": self._databases[catalog, database], "TBL_NAME": name}
        what = {"TBL_TYPE": "MANAGED_TABLE", "OWNER": "etl", "OWNER_TYPE": "USER", "SD_ID": number}
        self.rows["TBLS"].append({**row, **what, "CREATE_TIME": 1_700_000_000 + number, **more})
        place = f"hdfs://nn/w/t/{number}" if location is None else location
        self.rows["SDS"].append({"SD_ID": number, "CD_ID": number, "LOCATION": place})
        self.rows["COLUMNS_V2"] += [
            {"CD_ID": number, "COLUMN_NAME": column, "TYPE_NAME": "string", "INTEGER_IDX": position}
            for position, column in enumerate(columns)
        ]
        self.rows["TABLE_PARAMS"] += [
            {"TBL_ID": number, "PARAM_KEY": key, "PARAM_VALUE": value}
            for key, value in (properties or {}).items()
        ]

    def view(self, database: str, name: str, text: str, columns: Sequence[str] = ("id",)) -> None:
        """Add a view."""
        texts: dict[str, Any] = {"VIEW_EXPANDED_TEXT": text, "VIEW_ORIGINAL_TEXT": text}
        self.table(database, name, columns, TBL_TYPE="VIRTUAL_VIEW", **texts)

    def role(self, name: str) -> None:
        """Add a role."""
        number = len(self.rows["ROLES"]) + 1
        self.rows["ROLES"].append({"ROLE_ID": number, "CREATE_TIME": 10, "ROLE_NAME": name})

    def member(self, kind: str, name: str, role: str, **more: Any) -> None:
        """Make a user or a role a member of a role."""
        numbers = {row["ROLE_NAME"]: row["ROLE_ID"] for row in self.rows["ROLES"]}
        number = len(self.rows["ROLE_MAP"]) + 1
        row = {"ROLE_GRANT_ID": number, "ADD_TIME": 1_780_000_000, "GRANT_OPTION": 0}
        who = {"PRINCIPAL_NAME": name, "PRINCIPAL_TYPE": kind, "ROLE_ID": numbers[role]}
        by = {"GRANTOR": "root", "GRANTOR_TYPE": "USER"}
        self.rows["ROLE_MAP"].append({**row, **who, **by, **more})

    def grant(self, privilege: str, kind: str, name: str, table: str, **more: Any) -> None:
        """Grant a privilege on a table."""
        number = len(self.rows["TBL_PRIVS"]) + 1
        row = {"TBL_GRANT_ID": number, "TBL_ID": self._tables[table], "TBL_PRIV": privilege}
        who = {"PRINCIPAL_NAME": name, "PRINCIPAL_TYPE": kind, "AUTHORIZER": "SQL"}
        by = {"GRANTOR": "etl", "GRANTOR_TYPE": "USER", "CREATE_TIME": 1_780_000_000}
        self.rows["TBL_PRIVS"].append({**row, "GRANT_OPTION": 0, **who, **by, **more})

    def revoke(self, table: str, name: str) -> None:
        """Take back every grant of one principal on a table."""
        self.rows["TBL_PRIVS"] = [
            row
            for row in self.rows["TBL_PRIVS"]
            if (row["TBL_ID"], row["PRINCIPAL_NAME"]) != (self._tables[table], name)
        ]

    def write(self, mode: str | None = "sql-standard", groups: str | None = "none") -> "HandLake":
        """Write all of it, replacing what stood there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_metastore()
        self.write_people()
        lines = [
            'data = "data"',
            f'policies = "{starter_policies()}"',
            f"[lakes.{self.name}]",
            'source = "metastore+sqlite:///metastore.sqlite"',
            'directory = "csv:people"',
            *([f'mode = "{mode}"'] if mode else []),
            *([f'groups = "{groups}"'] if groups else []),
        ]
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self

    def write_metastore(self) -> None:
        """Write the metastore."""
        self.metastore.unlink(missing_ok=True)
        into_sqlite(self.metastore, self.rows)

    def write_people(self) -> None:
        """Write the directory."""
        people = self.folder / "people"
        people.mkdir(exist_ok=True)
        for name, header, rows in (
            ("users", "user,kind,active", self.people),
            ("groups", "group", self.groups),
            ("memberships", "member_type,member,group", self.memberships),
        ):
            text = "\n".join([header, *rows]) + "\n"
            (people / f"{name}.csv").write_text(text, encoding="utf-8")

    def damage(self, *statements: str) -> None:
        """Run SQL against the metastore as it was written."""
        connection = sqlite3.connect(self.metastore)
        with connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()


def payroll_lake(folder: Path) -> HandLake:
    """A lake whose salaries are open to one team by a role, one view and one copy."""
    lake = HandLake(folder)
    lake.people += ["svc_etl,service,true", "gone,person,false"]
    lake.groups += ["hr-payroll"]
    lake.memberships += ["user,ann,hr-payroll"]
    salaries = ("employee_id", "net_salary", "month", "currency")
    lake.table("hr_payroll", "salaries", salaries)
    lake.table("scratch", "salaries_bak", salaries, CREATE_TIME=1_750_000_000)
    lake.table("plain", "weather", ("day", "rain"))
    text = "SELECT `net_salary` FROM `hr_payroll`.`salaries`"
    lake.view("reporting", "v_salaries", text, ("net_salary",))
    lake.role("readers")
    lake.member("USER", "bob", "readers")
    lake.grant("SELECT", "USER", "ann", "hr_payroll.salaries", GRANT_OPTION=1)
    lake.grant("SELECT", "ROLE", "readers", "hr_payroll.salaries")
    lake.grant("SELECT", "ROLE", "public", "scratch.salaries_bak")
    lake.grant("SELECT", "USER", "cleo", "reporting.v_salaries")
    lake.grant("SELECT", "USER", "gone", "plain.weather")
    return lake
