"""What years leave in a metastore: leavers, unknown names, rows without effect, secrets."""

from collections.abc import Callable
from random import Random

from app.demo import cast
from app.demo.cast import CRM_ETL, HR_ETL, LAKE_ETL, LENA, PRIYA, at
from app.demo.people import People
from app.demo.warehouse import WAREHOUSE, By, Warehouse

_LEGACY = "v1"


def leavers(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M25: people who left and still have a role, a grant, a table."""
    _, _, boris, chloe, dirk, erin, felix = cast.LEAVERS
    warehouse.member("tmp_incident_2024_117", boris, By(PRIYA, at("2024-11-07 02:40")))
    warehouse.member("ops_engineer", erin, By(LENA, at("2022-10-03 09:00")))
    table = warehouse.tables["hr_benefits", "enrollment_2025"]
    by = By(HR_ETL, at("2025-02-05 10:00"))
    warehouse.grant(table, chloe, by, principal_type="USER")
    warehouse.table(
        "sandbox_science",
        "attrition_notes_draft",
        "scratch",
        dirk,
        at("2024-05-14 11:00"),
        kind="MANAGED_TABLE",
    )
    # He may grant on, and what he granted can be revoked by him alone.
    table = warehouse.tables["crm", "accounts_apac_202512"]
    by = By(CRM_ETL, at("2026-01-08 10:00"), grant_option=1)
    warehouse.grant(table, felix, by, principal_type="USER")
    warehouse.grant(table, "sales_ops", By(felix, at("2026-01-15 10:00")))


def unknown_names(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M25: names that no directory knows, one of them by its case only."""
    table = warehouse.tables["crm", "accounts_emea_202603"]
    by = By(CRM_ETL, at("2026-04-09 14:00"))
    warehouse.grant(table, "contractor_7781", by, principal_type="USER")
    table = warehouse.tables["hr_benefits", "claims_202603"]
    by = By(HR_ETL, at("2026-04-10 09:00"))
    warehouse.grant(table, cast.JONAS.upper(), by, principal_type="USER")
    for person in (cast.LOWER_KIM, cast.UPPER_KIM):
        warehouse.member("team_product_01", person, By(LENA, at("2025-09-01 09:00")))


def without_effect(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M18, M19, M21, M22, M58: rows that SQL-standard authorization does not read."""
    legacy = By(LENA, at("2019-06-03 09:00"), authorizer=_LEGACY)
    warehouse.grant_database("hr_benefits", "sales_analyst", "SELECT", legacy)
    warehouse.grant_global("USER", cast.BI_GATEWAY, "SELECT", legacy)
    table = warehouse.tables["hr_payroll", "payroll_2019"]
    for column in ("employee_id", "base_salary", "bonus_amount", "net_pay"):
        warehouse.grant_column(table, column, "finance_analyst", legacy)
    group = By(LENA, at("2023-08-14 09:30"), authorizer=_LEGACY)
    table = warehouse.tables["crm", "customers_emea_202306"]
    warehouse.grant(table, "all-staff", group, principal_type="GROUP")
    mirror = By("ranger", at("2023-02-20 00:30"), authorizer="RangerHivePolicyProvider")
    table = warehouse.tables["hr_payroll", "payroll_2022"]
    warehouse.grant(table, "public", mirror, principal_type="GROUP")
    # The role is `public`; `PUBLIC` is nobody's.
    table = warehouse.tables["hr_benefits", "enrollment_2026"]
    warehouse.grant(table, "PUBLIC", By(HR_ETL, at("2026-02-11 09:00")))
    _partitions(warehouse)


def _partitions(warehouse: Warehouse) -> None:
    """M21: rights copied to partitions, left behind when those of the table were revoked."""
    table = warehouse.tables["crm", "support_tickets_emea_20260601"]
    name = "support_tickets_emea_20260601"
    warehouse.set_property(table, "PARTITION_LEVEL_PRIVILEGE", "TRUE")
    by = By(CRM_ETL, at("2026-06-02 01:00"), authorizer=_LEGACY)
    for day in range(1, 25):
        stamp = f"day=2026-05-{day:02d}"
        location = f"{WAREHOUSE}/crm.db/{name}/{stamp}"
        partition = warehouse.partition(table, stamp, location, by.when)
        warehouse.grant_partition(partition, "sales_ops", by)


def refused(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M59: a row that says ALL, written by a script from the days of the old mode.

    Hive cannot read it and refuses whoever has the role, also where another row would
    have let him; Trino on the same metastore would take it for every right.
    """
    by = By(LENA, at("2026-02-10 10:00"), authorizer=None)
    table = warehouse.tables["sales", "quotas_2026"]
    warehouse.grant(table, "sales_ops", by, privilege="ALL")
    table = warehouse.tables["hr_payroll", "bonus_accruals_2026"]
    warehouse.grant(table, "finance_analyst", by, privilege="ALL")


def everyones_database(warehouse: Warehouse, people: People, chance: Random) -> None:
    """M27: a database that `public` owns: anybody may create and drop in it."""
    warehouse.database("sandbox_shared", "public", owner_type="ROLE", description="Scratch")
    for number, person in enumerate(people.departments["product"][:12]):
        created = at("2026-05-04 10:00") + number * 7_000
        name = f"scratch_{number + 1:02d}"
        warehouse.table("sandbox_shared", name, "scratch", person, created, kind="MANAGED_TABLE")


def secrets(warehouse: Warehouse, people: People, chance: Random) -> None:
    """A password in a JDBC address and a signed location, which no crawl may keep."""
    created = at("2025-12-01 06:00")
    table = warehouse.table("ops", "jdbc_stock_replica", "shipments", LAKE_ETL, created)
    address = "jdbc:postgresql://stock-db.example.com:5432/stock?user=lake&password="
    warehouse.set_property(table, "hive.sql.jdbc.url", f"{address}{PASSWORD}")
    warehouse.set_property(table, "hive.sql.dbcp.password", PASSWORD)
    signed = "s3a://AKIADEMONSTRATION:" + PASSWORD + "@partner-bucket/drops/2025"
    warehouse.table("ops", "partner_drop_2025", "shipments", LAKE_ETL, created, location=signed)


#: The made-up password of the demonstration; it must never be found in a snapshot.
PASSWORD = "demo-Secret-4711"

RESIDUE: tuple[Callable[[Warehouse, People, Random], None], ...] = (
    leavers,
    unknown_names,
    without_effect,
    refused,
    everyones_database,
    secrets,
)
