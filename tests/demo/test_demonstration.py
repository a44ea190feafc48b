"""The demonstration lake: its counts, its integrity, and the same bytes for the same seed."""

import csv
import hashlib
from pathlib import Path

from app.demo import Demonstration, build_demonstration, cast
from app.demo.monitoring import DATABASES
from app.demo.residue import PASSWORD
from tests.demo.conftest import Ask, open_metastore


def _bytes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_same_seed_same_bytes_whatever_stood_there(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    (tmp_path / "metastore.sqlite").write_bytes(b"something else")
    (tmp_path / "metastore.sqlite.partial").write_bytes(b"an attempt that was killed")
    again = build_demonstration(tmp_path)
    assert again.expected == demonstration.expected
    assert _bytes(tmp_path) == _bytes(demonstration.metastore.parent)


def test_another_seed_tells_the_same_story(demonstration: Demonstration, tmp_path: Path) -> None:
    other = build_demonstration(tmp_path, seed=77)
    assert _bytes(tmp_path) != _bytes(demonstration.metastore.parent)
    assert other.expected.tables == 60_000
    assert other.expected.people == demonstration.expected.people
    connection = open_metastore(other.metastore)
    opened = connection.execute(
        "SELECT count(*) FROM TBL_PRIVS WHERE PRINCIPAL_NAME = ?", (cast.CONVENIENCE_ROLE,)
    ).fetchone()
    problems = connection.execute("PRAGMA foreign_key_check").fetchall()
    connection.close()
    assert opened == (45_000,)
    assert problems == []


def test_counts(demonstration: Demonstration, ask: Ask) -> None:
    expected = demonstration.expected
    assert ask("SELECT count(*) FROM TBLS") == [(60_000,)]
    assert expected.tables == 60_000
    marks = ", ".join("?" * len(DATABASES))
    monitoring = ask(
        f"SELECT count(*), count(DISTINCT TBL_NAME), max(TBL_TYPE) FROM TBLS "
        f"JOIN DBS USING (DB_ID) WHERE NAME IN ({marks})",
        *DATABASES,
    )
    assert monitoring == [(45_000, 45_000, "EXTERNAL_TABLE")]
    views = ask("SELECT count(*) FROM TBLS WHERE TBL_TYPE = 'VIRTUAL_VIEW'")
    assert views == [(expected.views,)]
    assert expected.views >= 300
    assert ask("SELECT count(*) FROM TBL_PRIVS") == [(expected.grants,)]
    columns = ask(
        "SELECT (SELECT count(*) FROM COLUMNS_V2) + (SELECT count(*) FROM PARTITION_KEYS)"
    )
    assert columns == [(expected.columns,)]


def test_directory(demonstration: Demonstration) -> None:
    users = _read(demonstration.directory / "users.csv")
    kinds = [(user["kind"], user["active"]) for user in users]
    expected = demonstration.expected
    assert kinds.count(("person", "true")) == expected.people == 3_200
    assert kinds.count(("service", "true")) == expected.services == 60
    assert kinds.count(("person", "false")) == expected.leavers == 150
    names = {user["user"] for user in users}
    assert len(names) == len(users)
    assert {cast.LOWER_KIM, cast.UPPER_KIM, cast.ODD_NAME} <= names
    groups = {row["group"] for row in _read(demonstration.directory / "groups.csv")}
    memberships = _read(demonstration.directory / "memberships.csv")
    known = {"user": names, "group": groups}
    assert all(row["member"] in known[row["member_type"]] for row in memberships)
    assert {row["group"] for row in memberships} <= groups
    for group in ("hr-payroll", "hr-benefits", "security", "customer-support-leads"):
        assert group in groups


def _expand(memberships: list[dict[str, str]], group: str) -> set[str]:
    found: set[str] = set()
    for row in memberships:
        if row["group"] == group:
            nested = row["member_type"] == "group"
            found |= _expand(memberships, row["member"]) if nested else {row["member"]}
    return found


def test_nested_groups(demonstration: Demonstration) -> None:
    memberships = _read(demonstration.directory / "memberships.csv")
    people = {
        user["user"]
        for user in _read(demonstration.directory / "users.csv")
        if (user["kind"], user["active"]) == ("person", "true")
    }
    assert _expand(memberships, "all-staff") == people
    program = _expand(memberships, "monitoring-program")
    assert program == set(cast.MONITORING_PROGRAM)
    assert len(program) == demonstration.expected.program_members == 18


def test_nothing_points_at_nothing(ask: Ask) -> None:
    assert ask("PRAGMA foreign_key_check") == []
    assert ask("PRAGMA integrity_check") == [("ok",)]


def test_every_table_is_whole(ask: Ask) -> None:
    assert ask("SELECT count(*) FROM TBLS JOIN SDS USING (SD_ID)") == [(60_000,)]
    without_columns = ask(
        "SELECT count(*) FROM TBLS JOIN SDS USING (SD_ID) "
        "WHERE CD_ID NOT IN (SELECT CD_ID FROM COLUMNS_V2)"
    )
    assert without_columns == [(0,)]
    assert ask("SELECT count(*) FROM SDS JOIN TBLS USING (SD_ID) WHERE LOCATION IS NULL") == ask(
        "SELECT count(*) FROM TBLS WHERE TBL_TYPE = 'VIRTUAL_VIEW'"
    )
    # Plain columns and partition keys share no name, and positions run from 0.
    assert ask(
        "SELECT count(*) FROM PARTITION_KEYS JOIN TBLS USING (TBL_ID) JOIN SDS USING (SD_ID) "
        "JOIN COLUMNS_V2 USING (CD_ID) WHERE COLUMN_NAME = PKEY_NAME"
    ) == [(0,)]
    assert ask(
        "SELECT count(*) FROM (SELECT max(INTEGER_IDX) + 1 - count(*) AS hole FROM COLUMNS_V2 "
        "GROUP BY CD_ID) WHERE hole <> 0"
    ) == [(0,)]


def test_names_are_as_hive_keeps_them(ask: Ask) -> None:
    for table, column in (("DBS", "NAME"), ("TBLS", "TBL_NAME"), ("COLUMNS_V2", "COLUMN_NAME")):
        folded = ask(f"SELECT count(*) FROM {table} WHERE {column} <> lower({column})")
        assert folded == [(0,)]
    assert ask("SELECT count(*) FROM ROLES WHERE ROLE_NAME <> lower(ROLE_NAME)") == [(0,)]


def test_built_in_rows(ask: Ask) -> None:
    assert ask(
        "SELECT PRINCIPAL_NAME, PRINCIPAL_TYPE, USER_PRIV, GRANT_OPTION, AUTHORIZER, GRANTOR, "
        "GRANTOR_TYPE FROM GLOBAL_PRIVS WHERE AUTHORIZER = 'SQL'"
    ) == [("admin", "ROLE", "All", 1, "SQL", "admin", "ROLE")]
    roles = {name for (name,) in ask("SELECT ROLE_NAME FROM ROLES")}
    assert {"admin", "public"} <= roles
    owner = ask("SELECT OWNER_NAME, OWNER_TYPE FROM DBS WHERE NAME = 'default'")
    assert owner == [("public", "ROLE")]
    assert ask("SELECT SCHEMA_VERSION FROM VERSION") == [("4.0.0",)]
    # Nobody is made a member of `public`: the metastore makes that up itself.
    members = "SELECT count(*) FROM ROLE_MAP JOIN ROLES USING (ROLE_ID) WHERE ROLE_NAME = ?"
    assert ask(members, "public") == [(0,)]


def test_creators_have_their_four_rights(ask: Ask) -> None:
    lacking = ask(
        "SELECT count(*) FROM (SELECT TBLS.TBL_ID, count(TBL_GRANT_ID) AS rights FROM TBLS "
        "LEFT JOIN TBL_PRIVS AS p ON p.TBL_ID = TBLS.TBL_ID AND p.GRANTOR = p.PRINCIPAL_NAME "
        "AND p.CREATE_TIME = TBLS.CREATE_TIME AND GRANT_OPTION = 1 AND AUTHORIZER = 'SQL' "
        "GROUP BY TBLS.TBL_ID) WHERE rights <> 4"
    )
    assert lacking == [(0,)]


def test_nothing_is_granted_before_it_is_made(ask: Ask) -> None:
    early = ask(
        "SELECT TBL_NAME, PRINCIPAL_NAME FROM TBL_PRIVS AS p JOIN TBLS USING (TBL_ID) "
        "WHERE p.CREATE_TIME < TBLS.CREATE_TIME"
    )
    assert early == []


def test_addresses(demonstration: Demonstration) -> None:
    assert demonstration.source_url == f"metastore+sqlite:///{demonstration.metastore}"
    assert demonstration.directory_url == f"csv:{demonstration.directory}"


def test_the_secret_stands_where_a_crawl_must_redact_it(ask: Ask) -> None:
    like = f"%{PASSWORD}%"
    assert ask("SELECT count(*) FROM TABLE_PARAMS WHERE PARAM_VALUE LIKE ?", like) == [(2,)]
    assert ask("SELECT count(*) FROM SDS WHERE LOCATION LIKE ?", like) == [(1,)]
