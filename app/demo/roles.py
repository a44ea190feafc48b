"""The ordinary roles of the demonstration lake, their members, and what they may read."""

from random import Random

from app.demo import cast
from app.demo.cast import CRM_ETL, HR_ETL, LAKE_ETL, LENA, MARCUS, PRIYA, at
from app.demo.monitoring import REGIONS
from app.demo.ordinary import SANDBOXES
from app.demo.people import People
from app.demo.warehouse import By, Warehouse

_BUILT_IN = By("admin", at("2019-02-04 08:00"), grant_option=1, grantor_type="ROLE")

#: Role → department its people are in, and how many of a hundred of them have it.
_FROM_DEPARTMENTS = {
    "sales_ops": ("sales", 12),
    "finance_analyst": ("finance", 26),
    "finance_reader": ("finance", 70),
    "marketing_analyst": ("marketing", 45),
    "product_analyst": ("product", 55),
    "data_scientist": ("data", 45),
    "data_engineer": ("engineering", 14),
    "ml_engineer": ("engineering", 9),
    "ops_engineer": ("operations", 50),
    "logistics_planner": ("logistics", 60),
}
#: Role → databases it may read, all datasets of each.
_READS = {
    "sales_analyst": ("sales",),
    "sales_ops": ("sales",),
    "finance_reader": ("finance", "default"),
    "marketing_analyst": ("marketing", "web_analytics"),
    "product_analyst": ("web_analytics",),
    "data_scientist": ("ml",),
    "ml_engineer": ("ml",),
    "data_engineer": ("ops",),
    "ops_engineer": ("ops",),
    "logistics_planner": ("logistics", "default"),
}
#: Roles for classified data, whose members are in the group of the same purpose.
_CLASSIFIED = {
    "crm_reader": ("customer-support-leads", "crm", CRM_ETL),
    "hr_payroll_reader": ("hr-payroll", "hr_payroll", HR_ETL),
    "hr_benefits_reader": ("hr-benefits", "hr_benefits", HR_ETL),
    "security_reader": ("security", "security_vault", LAKE_ETL),
}
TEAM_TABLES, PERSONAL_GRANTS, JUNE_GRANTS = 15, 3_000, 60
#: Databases whose tables carry no class, so that anybody may be given some of them.
_OPEN_TO_TEAMS = ("sales", "marketing", "web_analytics", "ops", "ml", "logistics")


def build(warehouse: Warehouse, people: People, chance: Random) -> None:
    """Add the built-in roles, the roles of departments and teams, and their grants."""
    _built_in(warehouse)
    since = at("2020-05-11 09:00")
    for role, (department, share) in _FROM_DEPARTMENTS.items():
        members = people.departments[department]
        chosen = chance.sample(members, max(2, len(members) * share // 100))
        _role(warehouse, role, sorted(chosen), since)
    _nested_sales(warehouse, people, chance, since)
    managers = [who for _, who, group in people.memberships if group == "people-managers"]
    _role(warehouse, "team_lead", managers, at("2022-01-10 09:00"))
    _role(warehouse, "lake_etl", [*cast.CREATORS], since)
    for role, databases in _READS.items():
        for database in databases:
            for dataset in warehouse.datasets(database):
                warehouse.grant_dataset(database, dataset, role, By(LAKE_ETL, since))
    warehouse.member("finance_reader", "finance_analyst", By(LENA, since), "ROLE")
    for role, (group, database, creator) in _CLASSIFIED.items():
        members = sorted(who for _, who, name in people.memberships if name == group)
        _role(warehouse, role, members, since)
        for dataset in warehouse.datasets(database):
            warehouse.grant_dataset(database, dataset, role, By(creator, since))


def _built_in(warehouse: Warehouse) -> None:
    """What every start of a metastore makes sure of, and the configured administrators."""
    for role in ("admin", "public"):
        warehouse.role(role, role, _BUILT_IN.when)
    warehouse.grant_global("ROLE", "admin", "All", _BUILT_IN)
    for person in cast.ADMINISTRATORS:
        warehouse.member("admin", person, _BUILT_IN)


def _role(warehouse: Warehouse, role: str, members: list[str], since: int) -> None:
    warehouse.role(role, LENA, since)
    for number, person in enumerate(members, start=1):
        warehouse.member(role, person, By(LENA, since + 60 * number))


def _nested_sales(warehouse: Warehouse, people: People, chance: Random, since: int) -> None:
    """People have the role of their region, which has `sales_analyst`."""
    warehouse.role("sales_analyst", LENA, since)
    sellers = people.departments["sales"]
    chosen = chance.sample(sellers, len(sellers) * 6 // 10)
    for number, region in enumerate(REGIONS):
        role = f"sales_analyst_{region}"
        _role(warehouse, role, sorted(chosen[number :: len(REGIONS)]), since)
        warehouse.member("sales_analyst", role, By(LENA, since + 30), "ROLE")


def share_out(warehouse: Warehouse, people: People, chance: Random) -> None:
    """The long tail: a role for each team, and single tables granted to single people."""
    tables = [
        (number, warehouse.created[number])
        for (database, _), number in warehouse.tables.items()
        if database in _OPEN_TO_TEAMS
    ]
    for team, members in people.teams.items():
        role = f"team_{team.replace('-', '_')}"
        since = at("2021-03-01") + chance.randrange(4 * 365) * 86_400
        _role(warehouse, role, members, since)
        for number, created in chance.sample(tables, TEAM_TABLES):
            when = max(since, created) + chance.randrange(86_400)
            warehouse.grant(number, role, By(LAKE_ETL, when))
    everyone = people.active
    given: set[tuple[int, str]] = set()
    while len(given) < PERSONAL_GRANTS:
        number, created = chance.choice(tables)
        person = chance.choice(everyone)
        if (number, person) not in given:
            given.add((number, person))
            by = By(LAKE_ETL, created + chance.randrange(3_600, 40 * 86_400))
            warehouse.grant(number, person, by, principal_type="USER")


def share_sandboxes(warehouse: Warehouse, people: People, chance: Random) -> None:
    """Of ten tables that people made for themselves, three are shared with a colleague."""
    for (database, _), number in warehouse.tables.items():
        if database not in SANDBOXES or chance.random() >= 0.3:
            continue
        colleague = chance.choice(people.departments[SANDBOXES[database][1]])
        owner = warehouse.owners[number]
        if owner != colleague:
            by = By(owner, warehouse.created[number] + 5_400)
            warehouse.grant(number, colleague, by, principal_type="USER")


def ordinary_day(warehouse: Warehouse, people: People, chance: Random) -> None:
    """2026-06-09: sixty ordinary role grants by the administrator who made the mistake."""
    morning = at("2026-06-09 08:30")
    teams = sorted(people.teams)
    taken: set[tuple[str, str]] = set()
    while len(taken) < JUNE_GRANTS:
        role = f"team_{chance.choice(teams).replace('-', '_')}"
        person = chance.choice(people.active)
        if (role, person) not in taken:
            taken.add((role, person))
            when = morning + 150 * len(taken)
            warehouse.member(role, person, By(MARCUS, when))
    warehouse.role("summer_interns_2026", PRIYA, morning)
