"""The rest of the lake: sales, finance, people's own sandboxes, and what they are called."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from app.demo import cast
from app.demo.cast import CRM_ETL, HR_ETL, LAKE_ETL, LAST_DAY, at
from app.demo.monitoring import REGIONS
from app.demo.people import People
from app.demo.warehouse import Warehouse
from app.demo.words import REFERENCE_TABLES, SANDBOX_FORMS, SANDBOX_SUBJECTS

TABLES = 15_000
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Dataset:
    """Tables of one layout, a new one each day, month or year, by region or not."""

    name: str
    layout: str
    every: str  # day, month or year
    count: int
    regional: bool = False

    def shards(self) -> Iterator[tuple[str, int]]:
        """Name and creation time of each table."""
        for stamp, created in _stamps(self.every, self.count):
            if not self.regional:
                yield f"{self.name}_{stamp}", created
            else:
                for place, region in enumerate(REGIONS):
                    yield f"{self.name}_{region}_{stamp}", created + 420 * place


@dataclass(frozen=True, slots=True)
class Database:
    """A database, the service that fills it, and its datasets."""

    name: str
    creator: str
    description: str
    datasets: tuple[Dataset, ...]


DATABASES = (
    Database(
        "sales",
        LAKE_ETL,
        "Orders and pipeline",
        (
            Dataset("orders", "orders", "day", 250, True),
            Dataset("order_lines", "order_lines", "day", 150, True),
            Dataset("order_returns", "orders", "month", 36, True),
            Dataset("pipeline_snapshots", "pipeline", "day", 400),
            Dataset("discounts", "order_lines", "month", 48),
            Dataset("quotas", "pipeline", "year", 7),
        ),
    ),
    Database(
        "crm",
        CRM_ETL,
        "Customers and their tickets",
        (
            Dataset("customers", "customers", "month", 36, True),
            Dataset("contacts", "customers", "month", 36, True),
            Dataset("accounts", "accounts", "month", 36, True),
            Dataset("support_tickets", "support_tickets", "day", 120, True),
        ),
    ),
    Database(
        "finance",
        LAKE_ETL,
        "Ledger, invoices and budgets",
        (
            Dataset("ledger_entries", "ledger", "month", 48, True),
            Dataset("invoices", "invoices", "day", 500),
            Dataset("fx_rates", "reference", "day", 365),
            Dataset("budgets", "ledger", "year", 8),
        ),
    ),
    Database(
        "hr_payroll",
        HR_ETL,
        "What people are paid",
        (
            Dataset("payroll", "payroll", "year", 8),
            Dataset("payslips", "payroll", "month", 84),
            Dataset("payroll_runs", "payroll", "month", 48, True),
            Dataset("salary_bands", "salary_bands", "year", 8),
            Dataset("bonus_accruals", "payroll", "year", 8),
        ),
    ),
    Database(
        "hr_benefits",
        HR_ETL,
        "Health plans, claims and sick leave",
        (
            Dataset("enrollment", "enrollment", "year", 8),
            Dataset("claims", "claims", "month", 72),
            Dataset("medical_absence", "medical_absence", "month", 60),
        ),
    ),
    Database(
        "marketing",
        LAKE_ETL,
        "Campaigns and what came of them",
        (
            Dataset("impressions", "campaigns", "day", 700),
            Dataset("clicks", "web_events", "day", 500),
            Dataset("campaigns", "campaigns", "month", 48, True),
            Dataset("attribution", "campaigns", "day", 300),
        ),
    ),
    Database(
        "web_analytics",
        LAKE_ETL,
        "Visits to the company's sites",
        (
            Dataset("page_views", "web_events", "day", 800),
            Dataset("visits", "web_events", "day", 600),
        ),
    ),
    Database(
        "ops",
        LAKE_ETL,
        "Hosts, deployments and capacity",
        (
            Dataset("host_metrics", "host_metrics", "day", 900),
            Dataset("capacity", "host_metrics", "day", 300),
            Dataset("deployments", "deployments", "month", 60),
            Dataset("outages", "deployments", "month", 60),
        ),
    ),
    Database(
        "ml",
        LAKE_ETL,
        "Features and training runs",
        (
            Dataset("features", "features", "day", 500),
            Dataset("training_runs", "training_runs", "day", 400),
            Dataset("experiments", "training_runs", "month", 48),
        ),
    ),
    Database(
        "logistics",
        LAKE_ETL,
        "Shipments and stock",
        (
            Dataset("shipments", "shipments", "day", 250, True),
            Dataset("stock_levels", "shipments", "day", 100, True),
        ),
    ),
    Database(
        "security_vault",
        LAKE_ETL,
        "Credentials of services and their rotation",
        (
            Dataset("service_credentials", "credentials", "month", 24),
            Dataset("api_keys", "credentials", "month", 24),
        ),
    ),
)
#: Whoever has the role may create tables there: owner role, department of its people.
SANDBOXES = {
    "sandbox_growth": ("product_analyst", "product"),
    "sandbox_science": ("data_scientist", "data"),
    "sandbox_finance": ("finance_analyst", "finance"),
    "sandbox_ops": ("ops_engineer", "operations"),
    "sandbox_marketing": ("marketing_analyst", "marketing"),
    "tmp_exports": ("sales_ops", "sales"),
    "tmp_backfill": ("data_engineer", "engineering"),
}


def _stamps(every: str, count: int) -> Iterator[tuple[str, int]]:
    """The last `count` days, months or years before the lake is looked at, oldest first."""
    for back in range(count, 0, -1):
        if every == "day":
            day = LAST_DAY - back * _DAY
            yield time.strftime("%Y%m%d", time.gmtime(day)), day + _DAY + 1_800
        elif every == "month":
            months = 2026 * 12 + 5 - back
            stamp = f"{months // 12}-{months % 12 + 1:02d}"
            yield stamp.replace("-", ""), at(f"{stamp}-28") + 4 * _DAY
        else:
            yield str(2027 - back), at(f"{2027 - back}-02-03 05:30")


def build(warehouse: Warehouse) -> None:
    """Add `default` and the databases that services fill."""
    warehouse.database("default", "public", owner_type="ROLE", description="Default Hive database")
    for number, name in enumerate(REFERENCE_TABLES):
        created = at("2019-03-11 07:00") + number * 5_000
        warehouse.table("default", name, "reference", LAKE_ETL, created, dataset="reference")
    for database in DATABASES:
        warehouse.database(database.name, database.creator, description=database.description)
        for dataset in database.datasets:
            for name, created in dataset.shards():
                warehouse.table(
                    database.name,
                    name,
                    dataset.layout,
                    database.creator,
                    created,
                    dataset=dataset.name,
                )


def open_sandboxes(warehouse: Warehouse) -> None:
    """Add the databases in which people make tables of their own."""
    for name, (role, _) in SANDBOXES.items():
        warehouse.database(name, role, owner_type="ROLE", description="Work in progress")


def fill_sandboxes(warehouse: Warehouse, people: People, chance: Random, count: int) -> None:
    """Add `count` tables that people made for themselves, some shared with a colleague."""
    owners = {
        name: sorted(chance.sample(people.departments[home], min(40, len(members))))
        for name, (_, home) in SANDBOXES.items()
        if (members := people.departments[home])
    }
    places = [name for name in SANDBOXES for _ in range(1 + len(owners[name]) // 8)]
    made = 0
    while made < count:
        database = chance.choice(places)
        owner = chance.choice(owners[database])
        created = at("2021-01-04") + chance.randrange(LAST_DAY - at("2021-01-04"))
        stamp = time.strftime("%Y%m%d", time.gmtime(created))
        name = f"{chance.choice(SANDBOX_SUBJECTS)}_{chance.choice(SANDBOX_FORMS)}_{stamp}"
        if (database, name) in warehouse.tables:
            continue
        warehouse.table(
            database, name, "scratch", owner, created, kind="MANAGED_TABLE", dataset="scratch"
        )
        made += 1


def odd_table(warehouse: Warehouse) -> None:
    """A table whose name needs backticks, made by somebody whose name needs them too."""
    warehouse.table(
        "sandbox_science",
        "überstunden liste (neu)",
        "scratch",
        cast.ODD_NAME,
        at("2025-11-20 14:05"),
        kind="MANAGED_TABLE",
    )
