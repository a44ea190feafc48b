"""Incidents keep their name while they are mended in part, and say who is new, through audits."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from app import wiring
from app.core.incidents import FoundIncident, Notice
from app.lake.recorded_incidents import read_incidents
from app.settings import load_settings
from app.store.database import Database, session_scope
from app.store.outbox import claim_notices, mark_done
from tests.commands.hand_lake import HandLake

WRONG = ("bob", "cleo", "dan", "eve", "finn", "gil", "hana")  # nobody allows them payroll


class Lake:
    """A lake that is changed and audited again and again."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.lake = HandLake(folder)
        self.lake.groups.append("hr-payroll")
        self.lake.memberships.append("user,ann,hr-payroll")
        self._database = database

    def tables(self, count: int) -> list[str]:
        for number in range(count):
            self.lake.table("hr_payroll", f"salaries_{number}", ("employee_id", "net_salary"))
        return [f"hr_payroll.salaries_{number}" for number in range(count)]

    def leave(self, user: str, role: str) -> None:
        roles = {row["ROLE_ID"]: row["ROLE_NAME"] for row in self.lake.rows["ROLES"]}
        self.lake.rows["ROLE_MAP"] = [
            row
            for row in self.lake.rows["ROLE_MAP"]
            if (row["PRINCIPAL_NAME"], roles[row["ROLE_ID"]]) != (user, role)
        ]

    def audit(self) -> tuple[Mapping[str, FoundIncident], list[Notice]]:
        """What a run found by key, and what it told."""
        self.lake.write()
        settings = load_settings(self.lake.config, {})
        run = wiring.run_audit(settings, settings.lake(self.lake.name))
        with session_scope(self._database) as session:
            told = claim_notices(session, "test", 200)
            mark_done(session, [each.id for each in told], "test")
        return {each.key: each for each in read_incidents(run.folder)}, list(told)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    first = HandLake(tmp_path / "lake").write()
    with wiring.opened_state(load_settings(first.config, {})) as database:
        yield Lake(tmp_path / "lake", database)


def test_one_member_for_another_is_told_with_his_name(lake: Lake) -> None:
    (table,) = lake.tables(1)
    lake.lake.role("readers")
    for name in WRONG[:3]:
        lake.lake.member("USER", name, "readers")
    lake.lake.grant("SELECT", "ROLE", "readers", table)
    before, _ = lake.audit()
    (known,) = before.values()
    assert (known.cause.kind, known.people) == ("grants", 3)

    lake.leave("dan", "readers")
    lake.lake.member("USER", "eve", "readers")
    after, (told,) = lake.audit()
    assert after.keys() == before.keys()
    assert after[known.key].people == 3
    assert (told.kind, told.data["newcomers"]) == ("grown", ["user:eve"])
    assert "newly: user:eve" in str(told.data["note"])
    assert lake.audit()[1] == []


def test_one_table_for_another_is_told(lake: Lake) -> None:
    first, second = lake.tables(2)
    lake.lake.grant("SELECT", "ROLE", "public", first)
    before, _ = lake.audit()
    lake.lake.revoke(first, "public")
    lake.lake.grant("SELECT", "ROLE", "public", second)
    after, (told,) = lake.audit()
    assert after.keys() == before.keys()
    assert (told.kind, told.data["new_exposures"]) == ("grown", 1)


def test_a_membership_mended_in_part_is_the_same_incident(lake: Lake) -> None:
    lake.lake.role("readers")
    lake.lake.role("team")
    lake.lake.member("ROLE", "team", "readers")
    for name in ("ann", *WRONG):
        lake.lake.member("USER", name, "team")
    for table in lake.tables(5):
        lake.lake.grant("SELECT", "ROLE", "readers", table)
    before, _ = lake.audit()
    (known,) = before.values()
    assert known.cause.parts == ("role:team", "role:readers")
    for name in WRONG[:4]:
        lake.leave(name, "team")
    after, told = lake.audit()
    assert after.keys() == before.keys()
    assert [each.kind for each in told] == ["shrunk"]


def test_of_two_memberships_the_one_that_is_left_keeps_its_name(lake: Lake) -> None:
    lake.lake.role("readers")
    for name in ("ann", "bob", "cleo"):
        lake.lake.member("USER", name, "readers")
    for table in lake.tables(30):
        lake.lake.grant("SELECT", "ROLE", "readers", table)
    before, _ = lake.audit()
    assert {each.cause.subject for each in before.values()} == {"user:bob", "user:cleo"}
    lake.leave("bob", "readers")
    for name in WRONG[2:]:
        lake.lake.member("USER", name, "readers")
    after, told = lake.audit()
    left = next(key for key, each in before.items() if each.cause.subject == "user:cleo")
    assert left in after
    assert sorted(each.kind for each in told) == ["opened"] * 5 + ["resolved"]
