"""Plans on a real Hive: their statements run there, and Hive then answers as simulated."""

from itertools import chain
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.core.incidents import FoundIncident, Plan
from app.core.plans.mending import plan_mend, scope_of
from app.core.verdicts import Policies
from app.sources.registry import open_directory, open_source
from tests.core.causes.audited import Audited, audited_facts, desk_of
from tests.hive.hive_server import ADMIN, HiveServer
from tests.hive.lake_tables import LakeTable, lake_tables
from tests.hive.oracle import oracle, run
from tests.test_audit import policies_in

pytestmark = pytest.mark.hive

ALLOWED, ODD = "ann", "Zoe.O'Brien"
PEOPLE = (ALLOWED, "bob", "cid", "dan", ODD, "maker", "marc", ADMIN)
GONE = "departed"
PERMITTED = (ALLOWED, "maker")  # as many as the contract of the class bears
WRONG = ("bob", "cid", "dan", ODD)
LINES = "".join(f"p,user:{name},*,*,allow\n" for name in PERMITTED)

_TABLES = ("keys_a", "keys_b", "keys_c", "keys_d", "keys_e")


def _made(server: HiveServer, user: str, *statements: str) -> None:
    assert run(server, user, statements) == []


def _sql_standard_lake(server: HiveServer) -> None:
    _made(
        server,
        ADMIN,
        "SET ROLE ADMIN",
        "CREATE DATABASE `order`",
        "CREATE ROLE convenience",
        "CREATE ROLE `odd role`",
        "CREATE ROLE team",
        "GRANT ROLE admin TO USER marc",
        f"GRANT ROLE convenience TO USER {ALLOWED}",
        "GRANT ROLE `odd role` TO USER bob, USER cid",
        f"GRANT ROLE team TO USER dan, USER {ALLOWED}",
        "ALTER DATABASE `order` SET OWNER USER maker",
    )
    _made(server, "maker", *(f"CREATE TABLE `order`.{name} (a int)" for name in _TABLES))
    _made(
        server,
        "maker",
        "GRANT SELECT ON TABLE `order`.keys_a TO ROLE convenience",
        "GRANT SELECT ON TABLE `order`.keys_b TO ROLE convenience",
        "GRANT SELECT, INSERT ON TABLE `order`.keys_c TO ROLE `odd role`",
        f"GRANT SELECT ON TABLE `order`.keys_c TO USER `{ODD}` WITH GRANT OPTION",
        f"GRANT SELECT ON TABLE `order`.keys_d TO USER {ALLOWED}",
        f"GRANT SELECT ON TABLE `order`.keys_d TO USER {GONE} WITH GRANT OPTION",
        "GRANT SELECT ON TABLE `order`.keys_e TO ROLE team",
    )
    # Two grantors of one right, and one who is not there any more.
    _made(
        server, "marc", "SET ROLE ADMIN", "GRANT SELECT ON TABLE `order`.keys_c TO ROLE `odd role`"
    )
    _made(server, GONE, "GRANT SELECT ON TABLE `order`.keys_d TO ROLE `odd role`")
    _made(server, "marc", "SET ROLE ADMIN", "GRANT ROLE convenience TO ROLE public")


def _legacy_lake(server: HiveServer) -> None:
    _made(
        server,
        ADMIN,
        f"GRANT ALL TO USER {ADMIN}",
        "CREATE DATABASE `order`",
        "CREATE ROLE convenience",
        "CREATE ROLE Mixed",
        f"GRANT ROLE convenience TO USER {ALLOWED}",
        "GRANT ROLE convenience TO ROLE public",
        "GRANT ROLE Mixed TO USER bob, USER cid",
        *(f"CREATE TABLE `order`.{name} (a int, b int)" for name in _TABLES),
        "GRANT SELECT ON TABLE `order`.keys_a TO ROLE convenience",
        "GRANT SELECT ON TABLE `order`.keys_b TO ROLE Mixed",
        f"GRANT SELECT (a), SELECT (b) ON TABLE `order`.keys_c TO USER `{ODD}`",
    )
    _made(server, "marc", "GRANT SELECT ON TABLE `order`.keys_b TO ROLE Mixed")


def _directory(folder: Path) -> str:
    folder.mkdir()
    users = "".join(f"{name},person,true\n" for name in PEOPLE) + f"{GONE},person,false\n"
    (folder / "users.csv").write_text("user,kind,active\n" + users, encoding="utf-8")
    (folder / "groups.csv").write_text("group\n", encoding="utf-8")
    (folder / "memberships.csv").write_text("member_type,member,group\n", encoding="utf-8")
    return f"csv:{folder}"


class Watched:
    """One Hive, audited again and again."""

    def __init__(self, server: HiveServer, folder: Path) -> None:
        self.server = server
        self.policies: Policies = policies_in(folder, LINES)
        self._folder = folder
        self._directory = _directory(folder / "directory")
        self._runs = 0

    def audit(self) -> Audited:
        """Crawl and audit."""
        self._runs += 1
        url = self.server.metastore_url.replace("postgresql://", "metastore+postgresql://", 1)
        facts = chain(open_source(url).crawl(), open_directory(self._directory).crawl())
        mode, name = self.server.mode, f"run{self._runs}"
        return audited_facts(facts, self.policies, mode, self._folder, name)

    def tables(self) -> list[LakeTable]:
        """The lake's tables, as Hive's metastore has them."""
        return [each for each in lake_tables(self.server.metastore_url) if each.database == "order"]

    def answers(self) -> set[tuple[str, str]]:
        """(user, table) that Hive itself lets read."""
        tables = self.tables()
        with oracle(self.server) as asked:
            return {
                (user, table.name) for user in PEOPLE for table in asked.selectable(user, tables)
            }

    def run(self, plan: Plan) -> None:
        """Run a plan's statements as the users that it names. Hive must take every one."""
        for statement in plan.statements:
            user = statement.run_as.removeprefix("user:")
            user = {"admin": ADMIN, "anyone": "cid"}.get(user, user)
            before = (f"SET ROLE {statement.set_role}",) if statement.set_role else ()
            _made(self.server, user, *before, statement.sql)

    def plans(self, run: Audited) -> dict[str, tuple[FoundIncident, tuple[Plan, ...]]]:
        """Words of the cause → incident and its plans."""
        desk = desk_of(run, self.policies, self.server.mode)
        exposures = run.exposures()
        found = {}
        for key, incident in run.incidents().items():
            scope = scope_of(exposures[each] for each in run.exposures_of(key))
            found[incident.cause.words] = (incident, plan_mend(desk, incident, scope))
        return found


def _mend_all(watched: Watched) -> list[str]:
    """Mend incident after incident; each time Hive and a new audit say what was simulated."""
    mended: list[str] = []
    for _ in range(10):
        run = watched.audit()
        doable = {
            words: (incident, plans[0])
            for words, (incident, plans) in watched.plans(run).items()
            if plans[0].statements and words not in mended
        }
        if not doable:
            return mended
        words = sorted(doable)[0]
        _mend(watched, run, *doable[words])
        mended.append(words)
    return mended


def _mend(watched: Watched, run: Audited, incident: FoundIncident, plan: Plan) -> None:
    before = watched.answers()
    watched.run(plan)
    after, again = watched.answers(), watched.audit()
    simulated = plan.simulation
    assert simulated is not None
    mine = set(run.exposures_of(incident.key))
    assert len(mine & again.exposures().keys()) == simulated.exposures_left
    assert simulated.closes_all
    assert incident.key not in again.incidents()
    assert not simulated.opened
    assert after <= before
    lost = {pair for pair in before - after if pair[0] in PERMITTED}
    assert len(lost) == simulated.allowed_lost
    if not simulated.exposures_left and incident.tables:
        closed = {_table(run.exposures()[each]) for each in mine}
        wrong = {pair for pair in after if pair[1] in closed and pair[0] in WRONG}
        assert not wrong


def _table(row: dict[str, Any]) -> str:
    return str(row["table"])


def test_sql_standard_plans_do_on_hive_what_they_say(
    sql_standard_hive: HiveServer, tmp_path: Path
) -> None:
    _sql_standard_lake(sql_standard_hive)
    watched = Watched(sql_standard_hive, tmp_path)
    opened = watched.answers()
    assert {("dan", "keys_a"), (ODD, "keys_c"), ("bob", "keys_d"), ("dan", "keys_e")} <= opened
    mended = _mend_all(watched)
    assert "role public is a member of role convenience" in mended
    left = watched.answers()
    assert {pair for pair in left if pair[0] in WRONG} == set()
    assert {pair for pair in left if pair[0] == ALLOWED} == {
        pair for pair in opened if pair[0] == ALLOWED
    }


def test_legacy_plans_do_on_hive_what_they_say(legacy_hive: HiveServer, tmp_path: Path) -> None:
    _legacy_lake(legacy_hive)
    watched = Watched(legacy_hive, tmp_path)
    opened = watched.answers()
    assert {("dan", "keys_a"), (ODD, "keys_c"), ("bob", "keys_b")} <= opened
    mended = _mend_all(watched)
    assert "role public is a member of role convenience" in mended
    left = watched.answers()
    assert {pair for pair in left if pair[0] in WRONG} == set()
    with psycopg.connect(watched.server.metastore_url) as connection:
        rows = connection.execute('SELECT count(*) FROM "TBL_COL_PRIVS"').fetchone()
    assert rows == (0,)
