"""Random change files, run on a real Hive: what we predict is what Hive then answers.

The statements are run one by one as their runner; what Hive refuses we must have said is
refused, and every answer about the lake after the file must be Hive's own.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import wiring
from app.core.change.applying import Change, apply
from app.core.change.notes import Kind
from app.core.questions import can_all
from app.core.statements.reading import read_statements
from app.settings import load_settings
from tests.hive.hive_server import ADMIN, HiveServer
from tests.hive.lake_tables import lake_tables
from tests.hive.oracle import oracle, run
from tests.hive.sqlite_export import export_to_sqlite

pytestmark = pytest.mark.hive

POLICIES = Path(__file__).parents[2] / "policies"
USERS = ("ann", "Ann", "bob", "cy", "stranger", ADMIN)
ROLES = ("readers", "writers", "leads")
TABLES = ("chg.pay", "chg.chat", "chg.logs", "other.copy")
REFUSALS = (Kind.REFUSED, Kind.MISSING, Kind.DOUBLE, Kind.UNKNOWN)
STATEMENTS = 36


def test_sql_standard(sql_standard_hive: HiveServer, tmp_path: Path) -> None:
    _try(sql_standard_hive, tmp_path, ("SET ROLE ADMIN",), (ADMIN, "bob", "ann"))


def test_legacy(legacy_hive: HiveServer, tmp_path: Path) -> None:
    _try(legacy_hive, tmp_path, (f"GRANT ALL TO USER {ADMIN}",), (ADMIN, "bob", "ann"))


def _try(
    server: HiveServer, folder: Path, first: tuple[str, ...], runners: tuple[str, ...]
) -> None:
    chance = random.Random(f"changes {server.mode}")
    assert run(server, ADMIN, (*first, *_lake(server.mode))) == []
    asked = allowed = refused = 0
    for number, runner in enumerate(runners):
        before = folder / f"before-{number}.sqlite"
        export_to_sqlite(server.metastore_url, before)
        statements = list(_statements(chance, server.mode, STATEMENTS))
        if runner == ADMIN and server.mode == "sql-standard":
            statements.insert(0, "SET ROLE ADMIN")
        failed = [statement for statement, _ in run(server, runner, statements)]
        answers = list(_answers(server))
        with _predicted(
            server.mode, before, folder / f"data-{number}", statements, runner
        ) as change:
            said = [
                each.text.strip()
                for each in change.statements
                if any(note.kind in REFUSALS for note in change.notes_of(each))
            ]
            assert said == failed
            found = can_all(change.after, [answer[:3] for answer in answers])
        refused += len(failed)
        wrong = [
            (*answer, one.answer)
            for answer, one in zip(answers, found, strict=True)
            if answer[3] != one.answer
        ]
        assert wrong == []
        asked += len(answers)
        allowed += sum(answer[3] == "allowed" for answer in answers)
    assert asked >= 250
    assert allowed
    assert refused


def _lake(mode: str) -> Iterator[str]:
    yield from ("CREATE DATABASE chg", "CREATE DATABASE other")
    for table in TABLES:
        yield f"CREATE TABLE {table} (id int, note string)"
    yield "CREATE VIEW chg.shown AS SELECT id FROM chg.pay"
    for role in ROLES:
        yield f"CREATE ROLE {role}"
    yield "GRANT ROLE readers TO USER ann"
    yield "GRANT ROLE leads TO USER bob WITH ADMIN OPTION"
    yield "GRANT ROLE readers TO ROLE leads"
    yield "GRANT SELECT ON TABLE chg.pay TO ROLE readers"
    yield "GRANT SELECT ON TABLE chg.chat TO USER bob WITH GRANT OPTION"
    if mode == "legacy":
        yield "GRANT CREATE ON DATABASE other TO USER bob"


def _statements(chance: random.Random, mode: str, count: int) -> Iterator[str]:
    pick = chance.choice
    standard = mode == "sql-standard"
    privileges = (
        ("SELECT", "SELECT", "INSERT", "ALL")
        if standard
        else ("SELECT", "SELECT", "UPDATE", "DROP", "ALL")
    )
    tables = [*TABLES, "chg.shown"]
    for number in range(count):
        role, other, user = pick(ROLES), pick((*ROLES, "public")), pick(USERS[:4])
        who = pick((f"ROLE {other}", f"USER {user}"))
        table = pick(tables)
        option = pick(("", "", " WITH GRANT OPTION"))
        kinds = (
            f"GRANT {pick(privileges)} ON TABLE {table} TO {who}{option}",
            f"GRANT {pick(privileges)} ON TABLE {table} TO {who}{option}",
            f"REVOKE {pick(privileges)} ON TABLE {table} FROM {who}",
            f"REVOKE {pick(privileges)} ON TABLE {table} FROM {who}",
            f"REVOKE GRANT OPTION FOR SELECT ON TABLE {table} FROM {who}",
            f"GRANT ROLE {role} TO {who}",
            f"REVOKE ROLE {role} FROM {who}",
            f"CREATE TABLE other.made_{number} (id int)",
            f"CREATE TABLE other.like_{number} LIKE chg.chat",
            f"CREATE VIEW other.view_{number} AS SELECT id FROM {pick(TABLES)}",
            f"ALTER TABLE {pick(TABLES)} SET OWNER USER {user}",
            f"DROP ROLE {pick(ROLES)}",
            f"CREATE ROLE {pick(ROLES)}",
        )
        statement = kinds[chance.randrange(len(kinds))]
        if statement.startswith("CREATE TABLE"):
            tables.append(statement.split()[2])
        yield statement


@contextmanager
def _predicted(
    mode: str, metastore: Path, data: Path, statements: list[str], runner: str
) -> Iterator[Change]:
    choice = wiring.LakeChoice(
        source=f"metastore+sqlite:///{metastore}", mode=mode, groups="none", policies=POLICIES
    )
    settings = load_settings(None, {"LAKEWARDEN_DATA": str(data)})
    lake = wiring.choose_lake(settings, choice)
    policies = wiring.load_policies(lake)
    text = "".join(f"{statement};\n" for statement in statements)
    read = read_statements(text, file="change.sql", dialect="hive", variables={})
    with wiring.snapshot_for(settings, choice, lake) as snapshot:
        view = wiring.lake_view(lake, snapshot, policies, None)
        yield apply(view, read, runner, classification=policies.classification)


def _answers(server: HiveServer) -> Iterator[tuple[str, str, str, str]]:
    tables = [t for t in lake_tables(server.metastore_url) if t.database in ("chg", "other")]
    with oracle(server) as asked:
        for user in USERS:
            readable = asked.selectable(user, tables)
            writable = asked.insertable(user, tables)
            for table in tables:
                yield user, "select", table.full_name, _word(table in readable)
                if table.takes_inserts:
                    yield user, "insert", table.full_name, _word(table in writable)


def _word(allowed: bool) -> str:
    return "allowed" if allowed else "denied"
