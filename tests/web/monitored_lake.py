"""A lake for the API's tests: small, real, and with names that break what is careless."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.sources.small_lake import Rows, into_sqlite

CONVENIENCE = "people_analytics_convenience"
OPEN_TABLES = 120
PAYROLL_READERS = 30
EVIL = "=cmd|'/c calc'!a1<script>\u202ealert(1)</script>"
PEOPLE = tuple(f"person.{number:03}" for number in range(90))
SERVICES = ("svc_monitoring_etl", "svc_report")
LEAVER = "gone.girl"


def write_metastore(path: Path, *, open_tables: int = OPEN_TABLES) -> str:
    """Write the metastore; its source address comes back."""
    path.unlink(missing_ok=True)
    return into_sqlite(path, _rows(open_tables))


def write_directory(folder: Path) -> str:
    """Write the directory of people; its address comes back."""
    folder.mkdir(exist_ok=True)
    users = [f"{name},person,true" for name in PEOPLE]
    users += [f"{name},service,true" for name in SERVICES]
    users.append(f"{LEAVER},person,false")
    members = [f"user,{name},hr-payroll" for name in PEOPLE[:5]]
    members += ["user,svc_report,security"]
    for name, header, lines in (
        ("users", "user,kind,active", users),
        ("groups", "group", ["hr-payroll", "security"]),
        ("memberships", "member_type,member,group", members),
    ):
        text = "\n".join([header, *lines]) + "\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return f"csv:{folder}"


def _rows(open_tables: int) -> Rows:
    rows: Rows = {
        "VERSION": [{"VER_ID": 1, "SCHEMA_VERSION": "4.0.0", "VERSION_COMMENT": "x"}],
        "CTLGS": [{"CTLG_ID": 1, "NAME": "hive", "LOCATION_URI": "hdfs://nn/warehouse"}],
        "DBS": [_database(1, "default"), _database(2, "monitoring_keystrokes"), _database(3, "hr")],
        "ROLES": [
            {"ROLE_ID": number, "CREATE_TIME": 10, "ROLE_NAME": name}
            for number, name in enumerate(("admin", "public", CONVENIENCE, "readers"), start=1)
        ],
        "ROLE_MAP": [
            _member(1, 1, "USER", "root"),
            _member(2, 3, "ROLE", "public"),
            _member(3, 4, "USER", "person.050"),
        ],
        "TBLS": [],
        "SDS": [],
        "COLUMNS_V2": [],
        "TBL_PRIVS": [],
    }
    for number in range(open_tables):
        _table(rows, 100 + number, 2, f"events_{number:04}", ("id", "key_sequence"))
        _grant(rows, 100 + number, "ROLE", CONVENIENCE)
    _table(rows, 10, 3, "salaries", ("employee_id", "net_salary"))
    for name in PEOPLE[:PAYROLL_READERS]:
        _grant(rows, 10, "USER", name)
    for principal_type, name in (("USER", "svc_report"), ("USER", LEAVER), ("ROLE", "readers")):
        _grant(rows, 10, principal_type, name, option=int(name == "svc_report"))
    _view(rows, 11, 3, "salaries_by_team", "SELECT `net_salary` FROM `hr`.`salaries`")
    _grant(rows, 11, "USER", "person.060")
    _table(rows, 12, 3, f"keystroke_{EVIL.lower()}", ("x",))
    _grant(rows, 12, "USER", EVIL)
    return rows


def _database(number: int, name: str) -> dict[str, Any]:
    return {
        "DB_ID": number,
        "NAME": name,
        "DB_LOCATION_URI": f"hdfs://nn/warehouse/{name}.db",
        "OWNER_NAME": "etl",
        "OWNER_TYPE": "USER",
        "CTLG_NAME": "hive",
        "TYPE": "NATIVE",
    }


def _table(rows: Rows, number: int, database: int, name: str, columns: Sequence[str]) -> None:
    rows["TBLS"].append(
        {
            "TBL_ID": number,
            "CREATE_TIME": 1_700_000_000 + number,
            "DB_ID": database,
            "OWNER": "etl",
            "OWNER_TYPE": "USER",
            "SD_ID": number,
            "TBL_NAME": name,
            "TBL_TYPE": "MANAGED_TABLE",
        }
    )
    rows["SDS"].append({"SD_ID": number, "CD_ID": number, "LOCATION": f"hdfs://nn/w/{number}"})
    rows["COLUMNS_V2"] += [
        {"CD_ID": number, "COLUMN_NAME": column, "TYPE_NAME": "string", "INTEGER_IDX": position}
        for position, column in enumerate(columns)
    ]


def _view(rows: Rows, number: int, database: int, name: str, text: str) -> None:
    _table(rows, number, database, name, ("net_salary",))
    rows["TBLS"][-1] |= {
        "TBL_TYPE": "VIRTUAL_VIEW",
        "VIEW_EXPANDED_TEXT": text,
        "VIEW_ORIGINAL_TEXT": text,
    }


def _member(number: int, role: int, kind: str, name: str) -> dict[str, Any]:
    return {
        "ROLE_GRANT_ID": number,
        "ADD_TIME": 1_780_990_860,
        "GRANT_OPTION": 0,
        "GRANTOR": "marcus",
        "GRANTOR_TYPE": "USER",
        "PRINCIPAL_NAME": name,
        "PRINCIPAL_TYPE": kind,
        "ROLE_ID": role,
    }


def _grant(rows: Rows, table: int, kind: str, principal: str, option: int = 0) -> None:
    rows["TBL_PRIVS"].append(
        {
            "TBL_GRANT_ID": len(rows["TBL_PRIVS"]) + 1,
            "TBL_ID": table,
            "TBL_PRIV": "SELECT",
            "CREATE_TIME": 1_780_000_000,
            "GRANT_OPTION": option,
            "GRANTOR": "etl",
            "GRANTOR_TYPE": "USER",
            "PRINCIPAL_NAME": principal,
            "PRINCIPAL_TYPE": kind,
            "AUTHORIZER": "SQL",
        }
    )
