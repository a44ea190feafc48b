"""Each misconfiguration of docs/demonstration.md stands in the metastore as rows."""

from itertools import pairwise

import pytest

from app.demo import cast
from app.demo.cast import at
from app.demo.views import UNREADABLE
from tests.demo.conftest import Ask

_GRANTS = """
    SELECT d.NAME || '.' || t.TBL_NAME AS "table", p.PRINCIPAL_TYPE, p.PRINCIPAL_NAME, p.TBL_PRIV,
        p.GRANT_OPTION, p.GRANTOR, p.AUTHORIZER, p.CREATE_TIME, t.CREATE_TIME AS made
    FROM TBL_PRIVS AS p JOIN TBLS AS t USING (TBL_ID) JOIN DBS AS d USING (DB_ID)
"""
_MEMBERS = """
    SELECT PRINCIPAL_NAME, PRINCIPAL_TYPE, GRANTOR FROM ROLE_MAP JOIN ROLES USING (ROLE_ID)
    WHERE ROLE_NAME = ? ORDER BY PRINCIPAL_TYPE, PRINCIPAL_NAME
"""


def _to(ask: Ask, table: str, principal: str) -> list[tuple[object, ...]]:
    return ask(
        f'SELECT PRINCIPAL_TYPE, TBL_PRIV, GRANT_OPTION FROM ({_GRANTS}) WHERE "table" = ? '
        "AND PRINCIPAL_NAME = ?",
        table,
        principal,
    )


def test_june(ask: Ask) -> None:
    rows = ask(
        "SELECT DISTINCT PRINCIPAL_TYPE, TBL_PRIV, GRANT_OPTION, GRANTOR, AUTHORIZER "
        f"FROM ({_GRANTS}) WHERE PRINCIPAL_NAME = ?",
        cast.CONVENIENCE_ROLE,
    )
    assert rows == [("ROLE", "SELECT", 0, cast.LENA, "SQL")]
    tables = ask(
        'SELECT count(DISTINCT "table"), count(*), min(CREATE_TIME) '
        f"FROM ({_GRANTS}) WHERE PRINCIPAL_NAME = ? AND \"table\" LIKE 'monitoring%'",
        cast.CONVENIENCE_ROLE,
    )
    assert tables == [(45_000, 45_000, cast.CONVENIENCE_GRANTED)]
    members = ask(_MEMBERS, cast.CONVENIENCE_ROLE)
    assert members[0] == ("public", "ROLE", cast.MARCUS)
    assert [name for name, _, _ in members[1:]] == sorted(cast.PEOPLE_ANALYTICS)


def test_june_was_an_ordinary_day(ask: Ask) -> None:
    day = at("2026-06-09")
    rows = ask(
        "SELECT PRINCIPAL_NAME FROM ROLE_MAP WHERE ADD_TIME BETWEEN ? AND ? AND GRANTOR = ? "
        "ORDER BY ROLE_GRANT_ID",
        day,
        day + 86_399,
        cast.MARCUS,
    )
    assert len(rows) == 61
    assert 10 < rows.index(("public",)) < 50
    elsewhere = ask("SELECT count(*) FROM ROLE_MAP WHERE PRINCIPAL_NAME = 'public'")
    assert elsewhere == [(1,)]


@pytest.mark.parametrize(
    ("table", "principal", "row"),
    [
        ("crm.contacts_apac_202601", "public", ("ROLE", "SELECT", 0)),
        ("marketing.campaign_audience_2026", "public", ("ROLE", "SELECT", 1)),
        ("hr_payroll.salary_bands_2026", "compensation_survey_reader", ("ROLE", "SELECT", 0)),
        ("default.payroll_corrections_2026", "finance_analyst", ("ROLE", "SELECT", 0)),
        ("sandbox_finance.payroll_2025_bak", "finance_analyst", ("ROLE", "SELECT", 0)),
        ("people_insights.employee_activity_overview", "team_lead", ("ROLE", "SELECT", 0)),
        ("people_insights.prompt_usage_by_team", "ml_engineer", ("ROLE", "SELECT", 0)),
        ("finance.mv_headcount_cost", "finance_reader", ("ROLE", "SELECT", 0)),
        ("ops.speech_model_sample", "ml_engineer", ("ROLE", "SELECT", 0)),
        ("crm.customers_master", "sales_ops", ("ROLE", "SELECT", 0)),
        ("hr_payroll.payroll_2026", cast.PAYROLL[1], ("USER", "SELECT", 1)),
        ("hr_benefits.enrollment_2025", "chloe.martin", ("USER", "SELECT", 0)),
        ("crm.accounts_apac_202512", "felix.arnaud", ("USER", "SELECT", 1)),
        ("crm.accounts_apac_202512", "sales_ops", ("ROLE", "SELECT", 0)),
        ("crm.accounts_emea_202603", "contractor_7781", ("USER", "SELECT", 0)),
        ("hr_benefits.claims_202603", "JONAS.WEBER", ("USER", "SELECT", 0)),
        ("crm.customers_emea_202306", "all-staff", ("GROUP", "SELECT", 0)),
        ("hr_benefits.enrollment_2026", "PUBLIC", ("ROLE", "SELECT", 0)),
        ("hr_payroll.payroll_2022", "public", ("GROUP", "SELECT", 0)),
        ("hr_payroll.bonus_accruals_2026", "finance_analyst", ("ROLE", "ALL", 0)),
    ],
)
def test_single_grants(ask: Ask, table: str, principal: str, row: tuple[object, ...]) -> None:
    assert _to(ask, table, principal) == [row]


def test_default_grants_in_lower_case(ask: Ask) -> None:
    rows = ask(
        f"SELECT count(*), sum(GRANT_OPTION), sum(CREATE_TIME = made) FROM ({_GRANTS}) "
        "WHERE TBL_PRIV = 'select' AND PRINCIPAL_NAME = 'public' AND \"table\" LIKE 'tmp_imports.%'"
    )
    assert rows == [(40, 40, 40)]


def test_public_holds_nothing_else(ask: Ask) -> None:
    tables = ask(
        f"SELECT \"table\" FROM ({_GRANTS}) WHERE PRINCIPAL_NAME = 'public' "
        "AND PRINCIPAL_TYPE = 'ROLE' AND \"table\" NOT LIKE 'tmp_imports.%' ORDER BY 1"
    )
    assert tables == [("crm.contacts_apac_202601",), ("marketing.campaign_audience_2026",)]


def test_chain_to_nearly_everybody(ask: Ask) -> None:
    assert [row[:2] for row in ask(_MEMBERS, "compensation_survey_reader")] == [
        ("internal_tools_user", "ROLE")
    ]
    assert [row[:2] for row in ask(_MEMBERS, "internal_tools_user")] == [("staff", "ROLE")]
    assert len(ask(_MEMBERS, "staff")) == 3_104


def test_admins(ask: Ask) -> None:
    members = ask(_MEMBERS, "admin")
    assert members[0][:2] == ("lake_oncall", "ROLE")
    stale = {cast.MOVED_ADMINISTRATOR, cast.DEPARTED_ADMINISTRATOR}
    assert {name for name, _, _ in members[1:]} == stale | set(cast.ADMINISTRATORS)
    assert len(ask(_MEMBERS, "lake_oncall")) == 12


def test_copy_has_the_columns_of_its_source(ask: Ask) -> None:
    columns = """
        SELECT COLUMN_NAME, TYPE_NAME FROM COLUMNS_V2 JOIN SDS USING (CD_ID) JOIN TBLS USING (SD_ID)
        JOIN DBS USING (DB_ID) WHERE NAME = ? AND TBL_NAME = ? ORDER BY INTEGER_IDX
    """
    source = ask(columns, "hr_payroll", "payroll_2025")
    assert source
    assert ask(columns, "sandbox_finance", "payroll_2025_bak") == source


def test_views(ask: Ask) -> None:
    text = "SELECT VIEW_EXPANDED_TEXT, OWNER FROM TBLS WHERE TBL_NAME = ?"
    [(wide, _)] = ask(text, "employee_activity_overview")
    assert "`monitoring_keystrokes`.`keystroke_daily_emea_20260614`" in str(wide)
    assert "`monitoring_messages`.`chat_messages_emea_20260614`" in str(wide)
    [(stale, owner)] = ask(text, "prompt_usage_by_team")
    assert "`monitoring_prompts`.`ai_prompts_amer_20250720`" in str(stale)
    assert owner == "ana.beltran"
    assert _to(ask, "monitoring_prompts.ai_prompts_amer_20250720", "ana.beltran") == []
    for name in UNREADABLE:
        assert ask(text, name)


def test_views_read_tables_that_are_there(ask: Ask) -> None:
    views = ask("SELECT TBL_NAME, VIEW_EXPANDED_TEXT FROM TBLS WHERE TBL_TYPE = 'VIRTUAL_VIEW'")
    tables = set(ask("SELECT NAME, TBL_NAME FROM DBS JOIN TBLS USING (DB_ID)"))
    for name, text in views:
        if name in UNREADABLE:
            continue
        words = str(text).split()
        read = {
            tuple(part.strip("`") for part in word.split("."))
            for before, word in pairwise(words)
            if before in ("FROM", "JOIN")
        }
        assert read
        assert read <= tables


def test_materialized_view(ask: Ask) -> None:
    assert ask(
        "SELECT m.DB_NAME, m.TBL_NAME, t.TBL_NAME FROM MV_CREATION_METADATA AS m "
        "JOIN MV_TABLES_USED USING (MV_CREATION_METADATA_ID) JOIN TBLS AS t USING (TBL_ID)"
    ) == [("finance", "mv_headcount_cost", "payroll_2026")]


def test_two_tables_in_one_directory(ask: Ask) -> None:
    assert ask(
        "SELECT group_concat(TBL_NAME) FROM SDS JOIN TBLS USING (SD_ID) "
        "WHERE LOCATION IS NOT NULL GROUP BY LOCATION HAVING count(*) > 1"
    ) == [("meeting_transcripts_emea_20260601,speech_model_sample",)]


def test_incomplete_revoke(ask: Ask) -> None:
    grantors = ask(
        f"SELECT GRANTOR FROM ({_GRANTS}) WHERE \"table\" = 'hr_benefits.claims_202604' "
        "AND PRINCIPAL_NAME = 'benefits_vendor_liaison'"
    )
    assert sorted(grantors) == [(cast.LENA,), (cast.HR_ETL,)]


def test_forgotten_incident(ask: Ask) -> None:
    rows = ask(
        f"SELECT count(*), max(CREATE_TIME) FROM ({_GRANTS}) "
        "WHERE PRINCIPAL_NAME = 'tmp_incident_2024_117' AND \"table\" LIKE 'crm.customers_%'"
    )
    assert rows == [(30, at("2024-11-07 02:10"))]


def test_former_owner(ask: Ask) -> None:
    table = "hr_payroll.payroll_reruns_2024"
    owner = ask("SELECT OWNER FROM TBLS WHERE TBL_NAME = 'payroll_reruns_2024'")
    assert owner == [(cast.HR_ETL,)]
    assert len(_to(ask, table, cast.FORMER_PAYROLL_LEAD)) == 4
    assert _to(ask, table, cast.HR_ETL) == []


def test_rows_without_effect(ask: Ask) -> None:
    assert ask(
        "SELECT NAME, PRINCIPAL_NAME, DB_PRIV, AUTHORIZER FROM DB_PRIVS JOIN DBS USING (DB_ID)"
    ) == [("hr_benefits", "sales_analyst", "SELECT", "v1")]
    assert ask("SELECT PRINCIPAL_NAME, USER_PRIV FROM GLOBAL_PRIVS WHERE AUTHORIZER = 'v1'") == [
        (cast.BI_GATEWAY, "SELECT")
    ]
    assert ask("SELECT count(*) FROM TBL_COL_PRIVS WHERE AUTHORIZER = 'v1'") == [(4,)]
    assert ask("SELECT count(*) FROM PART_PRIVS JOIN PARTITIONS USING (PART_ID)") == [(24,)]
    assert ask("SELECT count(*) FROM TBL_PRIVS WHERE TBL_PRIV = 'ALL'") == [(2,)]


def test_service_on_people(ask: Ask) -> None:
    rows = ask(
        f"SELECT count(*) FROM ({_GRANTS}) WHERE PRINCIPAL_NAME = ? "
        "AND \"table\" LIKE 'monitoring_performance.%'",
        cast.BI_GATEWAY,
    )
    assert rows == [(8,)]


def test_leavers_and_unknown_names(ask: Ask) -> None:
    named = {name for (name,) in ask("SELECT PRINCIPAL_NAME FROM TBL_PRIVS")}
    named |= {name for (name,) in ask("SELECT PRINCIPAL_NAME FROM ROLE_MAP")}
    assert set(cast.LEAVERS) <= named
    assert {"contractor_7781", "JONAS.WEBER"} <= named


def test_everyones_database(ask: Ask) -> None:
    owned = ask("SELECT NAME FROM DBS WHERE OWNER_NAME = 'public' ORDER BY 1")
    assert owned == [("default",), ("sandbox_shared",)]


def test_renamed_staging_table(ask: Ask) -> None:
    events = ask("SELECT EVENT_TYPE, DB_NAME, TBL_NAME FROM NOTIFICATION_LOG")
    assert ("ALTER_TABLE", "crm", "customers_load_tmp") in events


def test_odd_name(ask: Ask) -> None:
    name = "überstunden liste (neu)"
    assert ask("SELECT OWNER FROM TBLS WHERE TBL_NAME = ?", name) == [(cast.ODD_NAME,)]
