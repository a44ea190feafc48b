"""The lesser misconfigurations of the demonstration lake that open something.

Each is one of the catalogue in docs/demonstration.md, where is written what Lakewarden
should say of it. None of them is wide; June's opens more than all of them together.
"""

from collections.abc import Callable
from random import Random

from app.demo import cast
from app.demo.cast import CRM_ETL, HR_ETL, LAKE_ETL, LENA, MARCUS, MONITORING_ETL, PRIYA, at
from app.demo.monitoring import PERFORMANCE
from app.demo.people import People
from app.demo.views import expanded, original, shown, view
from app.demo.warehouse import By, Warehouse

#: Of a hundred active people, how many have the role `staff`.
STAFF_SHARE = 97
IMPORTED_TABLES, IMPORTED_CONTACTS = 40, 3


def _role(warehouse: Warehouse, role: str, members: list[str], by: By) -> None:
    warehouse.role(role, by.grantor, by.when)
    for person in members:
        warehouse.member(role, person, by)


def public_on_contacts(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M1: SELECT on a table of customers' contacts granted to `public`."""
    table = warehouse.tables["crm", "contacts_apac_202601"]
    warehouse.grant(table, "public", By(PRIYA, at("2026-02-17 16:32")))


def default_grants(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M2: a cluster whose `createtable.role.grants` was `public:select` for two months.

    Hive writes the privilege as configured, in lower case, as granted by the creator and
    with grant option; a REVOKE does not find it.
    """
    warehouse.database("tmp_imports", LAKE_ETL, description="Landing zone of the old cluster")
    for number in range(IMPORTED_TABLES):
        created = at("2025-04-01 02:00") + number * 86_400
        creator, layout, name = LAKE_ETL, "pipeline", f"partner_feed_{number + 1:03d}"
        if number >= IMPORTED_TABLES - IMPORTED_CONTACTS:
            creator, layout, name = CRM_ETL, "contact_list", f"crm_contacts_import_{number + 1:03d}"
        table = warehouse.table("tmp_imports", name, layout, creator, created)
        by = By(creator, created, grant_option=1)
        warehouse.grant(table, "public", by, privilege="select")


def public_may_pass_on(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M3: `public` holds SELECT with grant option, so that anybody may grant it on."""
    created = at("2026-03-02 11:00")
    table = warehouse.table("marketing", "campaign_audience_2026", "contact_list", CRM_ETL, created)
    warehouse.grant(table, "public", By(CRM_ETL, created + 900, grant_option=1))


def nested_to_everyone(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M4: a role on the salary bands that ends, two nestings away, in nearly everybody."""
    staff = sorted(chance.sample(people.active, len(people.active) * STAFF_SHARE // 100))
    _role(warehouse, "staff", staff, By(LENA, at("2021-06-01 08:00")))
    _role(warehouse, "internal_tools_user", [], By(LENA, at("2022-09-12 10:00")))
    survey = By(PRIYA, at("2026-01-19 15:05"))
    _role(warehouse, "compensation_survey_reader", [], survey)
    edge = By(PRIYA, at("2026-01-19 15:10"))
    warehouse.member("internal_tools_user", "staff", By(LENA, at("2022-09-12 10:05")), "ROLE")
    warehouse.member("compensation_survey_reader", "internal_tools_user", edge, "ROLE")
    table = warehouse.tables["hr_payroll", "salary_bands_2026"]
    warehouse.grant(table, "compensation_survey_reader", By(HR_ETL, at("2026-02-04 09:00")))


def broad_admin(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M5: a role of twelve people on call inside `admin`."""
    people_on_call = sorted(chance.sample(people.departments["operations"], 12))
    by = By(MARCUS, at("2025-10-06 18:40"))
    _role(warehouse, "lake_oncall", people_on_call, by)
    warehouse.member("admin", "lake_oncall", by, "ROLE")


def stale_admins(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M6: names once in `hive.users.in.admin.role`; taking them out deleted no row."""
    for person, when in (
        (cast.MOVED_ADMINISTRATOR, at("2021-05-03 08:00")),
        (cast.DEPARTED_ADMINISTRATOR, at("2022-02-14 08:00")),
    ):
        by = By("admin", when, grant_option=1, grantor_type="ROLE")
        warehouse.member("admin", person, by)


def payroll_in_default(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M11: payroll data in `default`, whose owner everybody is, read by finance."""
    created = at("2026-04-20 17:45")
    table = warehouse.table("default", "payroll_corrections_2026", "payroll", HR_ETL, created)
    warehouse.grant(table, "finance_analyst", By(HR_ETL, created + 600))


def payroll_copy(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M12: CREATE TABLE AS SELECT of the payroll of 2025 into a sandbox."""
    created = at("2026-01-12 19:20")
    table = warehouse.table(
        "sandbox_finance",
        "payroll_2025_bak",
        "payroll",
        cast.PAYROLL[0],
        created,
        kind="MANAGED_TABLE",
    )
    warehouse.grant(table, "finance_analyst", By(cast.PAYROLL[0], created + 300))


def wide_view(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M13: a view over keystrokes and messages, granted to every team lead."""
    keys, chats = "keystroke_daily_emea_20260614", "chat_messages_emea_20260614"
    columns = ["typed_text_sample", "keystroke_count", "active_minutes"]
    keys_text = expanded("monitoring_keystrokes", keys, ["employee_id", *columns])
    join = f" JOIN `monitoring_messages`.`{chats}` ON `{chats}`.`employee_id` = "
    text = keys_text.replace(" FROM", f", `{chats}`.`message_body` FROM")
    created = at("2026-06-15 05:15")
    table = warehouse.table(
        "people_insights",
        "employee_activity_overview",
        "activity overview",
        MONITORING_ETL,
        created,
        kind="VIRTUAL_VIEW",
        original=original("monitoring_keystrokes", keys, ["employee_id", *columns]),
        expanded=f"{text}{join}`{keys}`.`employee_id`",
    )
    warehouse.grant(table, "team_lead", By(MONITORING_ETL, created + 1_200))


def stale_view(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M14: a view of prompts by somebody who left; he cannot read its base, it still works."""
    created = at("2025-07-22 13:00")
    source = ("monitoring_prompts", "ai_prompts_amer_20250720")
    owner, name = cast.LEAVERS[1], "prompt_usage_by_team"
    table = view(warehouse, "people_insights", name, [source], "ai_prompts", owner, created)
    warehouse.grant(table, "ml_engineer", By(owner, created + 400))


def wide_summary(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M15: a materialized view made from payroll, granted to all of finance."""
    created = at("2026-03-16 06:00")
    source = ("hr_payroll", "payroll_2026")
    fields = shown("payroll")
    name = "mv_headcount_cost"
    table = warehouse.table(
        "finance",
        name,
        "view of payroll",
        HR_ETL,
        created,
        kind="MATERIALIZED_VIEW",
        original=original(*source, fields),
        expanded=expanded(*source, fields),
    )
    warehouse.materialized_from("finance", name, [warehouse.tables[source]], created)
    warehouse.grant(table, "finance_reader", By(HR_ETL, created + 60))


def same_directory(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M16: an external table upon the directory of a closed one, open to other people."""
    closed = ("monitoring_audio", "meeting_transcripts_emea_20260601")
    created = at("2026-06-03 10:30")
    location = f"s3a://lake-production/warehouse/{closed[0]}.db/{closed[1]}"
    table = warehouse.table(
        "ops",
        "speech_model_sample",
        "audio_transcripts",
        MONITORING_ETL,
        created,
        location=location,
    )
    warehouse.grant(table, "ml_engineer", By(MONITORING_ETL, created + 60))


def incomplete_revoke(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M23: one right by two grantors; taking back one of them closes nothing."""
    members = sorted(chance.sample(people.departments["legal"], 9))
    _role(warehouse, "benefits_vendor_liaison", members, By(LENA, at("2026-04-28 09:00")))
    table = warehouse.tables["hr_benefits", "claims_202604"]
    warehouse.grant(table, "benefits_vendor_liaison", By(HR_ETL, at("2026-05-06 10:00")))
    warehouse.grant(table, "benefits_vendor_liaison", By(LENA, at("2026-05-07 08:15")))


def forgotten_incident(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M24: access given for an incident of 2024 and never taken back."""
    members = sorted(chance.sample(people.departments["engineering"], 14))
    by = By(PRIYA, at("2024-11-07 02:10"))
    _role(warehouse, "tmp_incident_2024_117", members, by)
    tables = [
        number
        for (database, name), number in warehouse.tables.items()
        if database == "crm" and name.startswith("customers_")
    ]
    for number in [number for number in tables if warehouse.created[number] < by.when][:30]:
        warehouse.grant(number, "tmp_incident_2024_117", by)


def former_owner(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M26: the owner changed, the rights of the one before him did not."""
    warehouse.table(
        "hr_payroll",
        "payroll_reruns_2024",
        "payroll",
        HR_ETL,
        at("2024-12-19 21:00"),
        creator=cast.FORMER_PAYROLL_LEAD,
    )


def swapped_table(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M28: a staging table renamed into the place of a closed one, grants and all."""
    created, renamed = at("2026-06-12 23:10"), at("2026-06-13 04:00")
    table = warehouse.table("crm", "customers_master", "customers", CRM_ETL, created)
    warehouse.grant(table, "sales_ops", By(CRM_ETL, created + 120))
    warehouse.set_property(table, "transient_lastDdlTime", str(renamed))
    message = '{"eventType":"ALTER_TABLE","db":"crm","table":"customers_load_tmp"}'
    warehouse.event(renamed, "ALTER_TABLE", "crm", "customers_load_tmp", message)


def service_on_people(warehouse: Warehouse, people: People, chance: Random) -> None:
    """A dashboard service that reads employees' scores."""
    by = By(MONITORING_ETL, at("2026-04-30 12:00"))
    for number in range(1, 9):
        name = f"performance_scores_emea_team{number:02d}_2026q1"
        table = warehouse.tables[PERFORMANCE, name]
        warehouse.grant(table, cast.BI_GATEWAY, by, principal_type="USER")


def may_pass_on_payroll(warehouse: Warehouse, people: People, chance: Random) -> None:
    """Somebody of payroll, who may read, may also grant on."""
    table = warehouse.tables["hr_payroll", "payroll_2026"]
    by = By(HR_ETL, at("2026-02-23 09:30"), grant_option=1)
    warehouse.grant(table, cast.PAYROLL[1], by, principal_type="USER")


LESSER: tuple[Callable[[Warehouse, People, Random], None], ...] = (
    public_on_contacts,
    default_grants,
    public_may_pass_on,
    nested_to_everyone,
    broad_admin,
    stale_admins,
    payroll_in_default,
    payroll_copy,
    wide_view,
    stale_view,
    wide_summary,
    same_directory,
    incomplete_revoke,
    forgotten_incident,
    former_owner,
    swapped_table,
    service_on_people,
    may_pass_on_payroll,
)
