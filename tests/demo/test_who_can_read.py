"""What the demonstration opens, worked out naively: the story's tables and no others."""

import csv
from collections import defaultdict
from functools import cache

import pytest

from app.demo import Demonstration, cast
from app.demo.monitoring import DATABASES
from tests.demo.conftest import Ask

#: Kind of data → the group and the service that the policies name for it.
AUDIENCES = {
    "monitoring": ("monitoring-program", cast.MONITORING_ETL),
    "payroll": ("hr-payroll", cast.HR_ETL),
    "health": ("hr-benefits", cast.HR_ETL),
    "credentials": ("security", cast.LAKE_ETL),
    "customers": ("customer-support-leads", cast.CRM_ETL),
}
_BY_DATABASE = {
    **dict.fromkeys(DATABASES, "monitoring"),
    "hr_payroll": "payroll",
    "hr_benefits": "health",
    "security_vault": "credentials",
    "crm": "customers",
}
_BY_COLUMN = {
    "key_sequence": "monitoring",
    "typed_text_sample": "monitoring",
    "screen_text": "monitoring",
    "audio_transcript": "monitoring",
    "prompt_text": "monitoring",
    "performance_rating": "monitoring",
    "base_salary": "payroll",
    "diagnosis_code": "health",
    "password_hash": "credentials",
    "customer_email": "customers",
}
#: Table → how many active people read it who should not.
OPENED = {
    "crm.contacts_apac_202601": 3_176,
    "marketing.campaign_audience_2026": 3_176,
    **{f"tmp_imports.crm_contacts_import_{n:03d}": 3_176 for n in (38, 39, 40)},
    "default.payroll_corrections_2026": 45,
    "sandbox_finance.payroll_2025_bak": 45,
    "people_insights.prompt_usage_by_team": 76,
    "hr_benefits.claims_202604": 9,
    "crm.accounts_apac_202512": 72,
    "crm.customers_master": 72,
    "hr_payroll.payroll_reruns_2024": 1,
}
_INCIDENT_TABLES = 30


@pytest.fixture(scope="module")
def exposed(demonstration: Demonstration, ask: Ask) -> dict[str, set[str]]:
    """Classified table → active people who can SELECT from it and should not.

    Without the membership that June is about.
    """
    people = _active_people(demonstration)
    members = _members_of_roles(ask)
    allowed = {kind: _group(demonstration, group) for kind, (group, _) in AUDIENCES.items()}
    kinds = _kinds(ask)
    rows = ask(
        "SELECT TBL_ID, PRINCIPAL_TYPE, PRINCIPAL_NAME FROM TBL_PRIVS "
        "WHERE upper(TBL_PRIV) = 'SELECT' AND PRINCIPAL_TYPE <> 'GROUP'"
    )
    found: dict[str, set[str]] = defaultdict(set)
    for table, kind, name in rows:
        if table not in kinds:
            continue
        shown, data = kinds[table]
        readers = {str(name)} if kind == "USER" else members[str(name)]
        found[shown] |= (people if name == "public" else readers & people) - allowed[data]
    return {table: readers for table, readers in found.items() if readers}


def _active_people(demonstration: Demonstration) -> set[str]:
    with (demonstration.directory / "users.csv").open(encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return {r["user"] for r in rows if (r["kind"], r["active"]) == ("person", "true")}


def _group(demonstration: Demonstration, group: str) -> set[str]:
    with (demonstration.directory / "memberships.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def expand(name: str) -> set[str]:
        direct = [row for row in rows if row["group"] == name]
        users = {row["member"] for row in direct if row["member_type"] == "user"}
        return users.union(*(expand(r["member"]) for r in direct if r["member_type"] == "group"))

    return expand(group)


def _members_of_roles(ask: Ask) -> dict[str, set[str]]:
    direct: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for role, name, kind in ask(
        "SELECT ROLE_NAME, PRINCIPAL_NAME, PRINCIPAL_TYPE FROM ROLE_MAP JOIN ROLES USING (ROLE_ID)"
    ):
        if (role, name) != (cast.CONVENIENCE_ROLE, "public"):
            direct[str(role)].append((str(name), str(kind)))

    @cache
    def expand(role: str) -> frozenset[str]:
        users = {name for name, kind in direct[role] if kind == "USER"}
        nested = (expand(name) for name, kind in direct[role] if kind == "ROLE")
        return frozenset(users.union(*nested))

    roles = [str(role) for (role,) in ask("SELECT ROLE_NAME FROM ROLES")]
    return {**{role: set(expand(role)) for role in roles}, "PUBLIC": set()}


def _kinds(ask: Ask) -> dict[object, tuple[str, str]]:
    """Table id → its name and the kind of data in it, for those that hold some."""
    marks = ", ".join("?" * len(_BY_COLUMN))
    rows = ask(
        "SELECT TBL_ID, min(COLUMN_NAME) FROM TBLS JOIN SDS USING (SD_ID) "
        f"JOIN COLUMNS_V2 USING (CD_ID) WHERE COLUMN_NAME IN ({marks}) GROUP BY TBL_ID",
        *_BY_COLUMN,
    )
    columns = {table: str(column) for table, column in rows}
    found: dict[object, tuple[str, str]] = {}
    for table, database, name in ask(
        "SELECT TBL_ID, NAME, TBL_NAME FROM TBLS JOIN DBS USING (DB_ID)"
    ):
        kind = _BY_DATABASE.get(str(database)) or _BY_COLUMN.get(columns.get(table, ""))
        if kind:
            found[table] = (f"{database}.{name}", kind)
    return found


def test_monitoring_was_closed_before_june(exposed: dict[str, set[str]]) -> None:
    assert [table for table in exposed if table.split(".")[0] in DATABASES] == []


def test_nothing_is_open_that_the_story_does_not_tell(exposed: dict[str, set[str]]) -> None:
    sizes = {table: len(people) for table, people in exposed.items()}
    incident = [
        table for table in sizes if table.startswith("crm.customers_") and sizes[table] == 14
    ]
    assert len(incident) == _INCIDENT_TABLES
    others = {table: size for table, size in sizes.items() if table not in incident}
    story = {
        **OPENED,
        "hr_payroll.salary_bands_2026": others["hr_payroll.salary_bands_2026"],
        "people_insights.employee_activity_overview": others[
            "people_insights.employee_activity_overview"
        ],
        "finance.mv_headcount_cost": others["finance.mv_headcount_cost"],
        "ops.speech_model_sample": 76,
    }
    assert others == story
    assert others["hr_payroll.salary_bands_2026"] > 0.9 * 3_200
    assert 150 < others["people_insights.employee_activity_overview"] < 200
    assert 100 < others["finance.mv_headcount_cost"] < 176


def test_services_read_only_what_is_theirs(ask: Ask) -> None:
    allowed = {kind: service for kind, (_, service) in AUDIENCES.items()}
    kinds = _kinds(ask)
    strangers = {
        (kinds[table][0].split(".")[0], name)
        for table, name in ask(
            "SELECT TBL_ID, PRINCIPAL_NAME FROM TBL_PRIVS WHERE PRINCIPAL_NAME LIKE 'svc%'"
        )
        if table in kinds and name != allowed[kinds[table][1]]
    }
    assert strangers == {("monitoring_performance", cast.BI_GATEWAY)}
