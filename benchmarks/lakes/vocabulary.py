"""The names of a generated lake, as dictionaries that codes are looked up in.

Generation works on small integers and takes names from here at the last moment, so ten
million grants cost no string work of their own.
"""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from app.demo.layouts import LAYOUTS
from app.demo.words import FIRST_NAMES, LAST_NAMES
from benchmarks.lakes.size import COLUMNS_PER_TABLE, LakeSize


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PRIVILEGES = pa.array(["SELECT", "INSERT", "UPDATE", "DELETE", "select", "ALL"])


@dataclass(frozen=True, slots=True)
class Family:
    """Data that a policy keeps for one group: its group, service and size."""

    group: str
    service: str
    members: int  # at most


#: In the order of their numbers, from 1. The groups and services of the shipped policies.
FAMILIES = (
    Family("monitoring-program", "svc_monitoring_etl", 18),
    Family("hr-payroll", "svc_hr_etl", 14),
    Family("hr-benefits", "svc_hr_etl", 11),
    Family("security", "svc_lake_etl", 16),
    Family("customer-support-leads", "svc_crm_etl", 120),
)
ETL_SERVICES = ("svc_monitoring_etl", "svc_hr_etl", "svc_lake_etl", "svc_crm_etl")

#: Databases of sensitive data: name, family, layout, and how often it is drawn of 20.
SENSITIVE_DATABASES = (
    ("monitoring_keystrokes", 1, "keystroke_events", 3),
    ("monitoring_messages", 1, "messages", 3),
    ("monitoring_screen", 1, "screen_transcripts", 2),
    ("monitoring_audio", 1, "audio_transcripts", 1),
    ("monitoring_prompts", 1, "ai_prompts", 2),
    ("monitoring_performance", 1, "performance_scores", 1),
    ("hr_payroll", 2, "payroll", 2),
    ("hr_benefits", 3, "claims", 2),
    ("security_vault", 4, "credentials", 1),
    ("crm", 5, "customers", 3),
)
DEFAULT_DATABASE = len(SENSITIVE_DATABASES)
VIEW_DATABASE = DEFAULT_DATABASE + 1
FIRST_ORDINARY_DATABASE = VIEW_DATABASE + 1

# Roles with numbers of their own; those of families follow, then the ordinary ones.
ADMIN, PUBLIC, CONVENIENCE, STAFF = range(4)
FIRST_FAMILY_ROLE, ROLES_PER_FAMILY = 4, 6  # reader, writer, four of teams
FIRST_ORDINARY_ROLE = FIRST_FAMILY_ROLE + len(FAMILIES) * ROLES_PER_FAMILY

ADMINISTRATORS = 20
UNKNOWN_NAMES = 200
SPRINKLED_LAYOUT = len(SENSITIVE_DATABASES)
FIRST_ORDINARY_LAYOUT = SPRINKLED_LAYOUT + 1
ORDINARY_LAYOUTS = 500

SUBJECTS = _words(
    """orders invoices shipments stock carts visits clicks impressions campaigns quotas
budgets ledger forecasts margins returns refunds tariffs routes pallets carriers hosts builds
deploys outages metrics features labels trainings experiments cohorts funnels surveys tickets
contracts suppliers tenders assets licenses sensors meters"""
)
FORMS = _words(
    """raw clean daily hourly snapshot delta history agg joined dedup enriched staging final
archive feed extract rollup facts dim bridge audit sample backfill export import mirror ranked
scored split merged"""
)
_ADJECTIVES = _words(
    """gross net total avg min max first last prior next open closed planned actual
local global base target unit bulk early late active idle valid stale primary secondary daily
weekly monthly yearly rolling adjusted"""
)
_NOUNS = _words(
    """amount units rate share weight volume margin price cost count duration distance
latency capacity demand supply stock level state stage channel region site line batch run version
source target label bucket segment rank offset index width height depth yield"""
)
_TYPES = ("bigint", "double", "string", "decimal(18,2)", "timestamp", "int", "date", "boolean")
_DEPARTMENTS = _words(
    """sales finance marketing ops logistics product support research legal retail
pricing sourcing quality planning"""
)


@dataclass(frozen=True)
class Vocabulary:
    """Every name of a lake of one size."""

    size: LakeSize

    @cached_property
    def users(self) -> list[str]:
        """People, services, leavers, and at the end names that no directory knows."""
        size = self.size
        services = [f"svc_{number:04d}" for number in range(size.services - len(ETL_SERVICES))]
        people = [_person(number) for number in range(size.people + size.leavers)]
        unknown = [f"ext_{number:05d}" for number in range(UNKNOWN_NAMES)]
        living, left = people[: size.people], people[size.people :]
        return [*living, *ETL_SERVICES, *services, *left, *unknown]

    @cached_property
    def roles(self) -> list[str]:
        """Roles by number."""
        names = ["admin", "public", "people_analytics_convenience", "staff"]
        for family in FAMILIES:
            stem = family.group.replace("-", "_")
            names += [f"{stem}_reader", f"{stem}_writer"]
            names += [f"{stem}_team_{number}" for number in range(ROLES_PER_FAMILY - 2)]
        for number in range(len(names), self.size.roles):
            department = _DEPARTMENTS[number * 7 % len(_DEPARTMENTS)]
            form = FORMS[number * 11 % len(FORMS)]
            names.append(f"{department}_{form}_{number:05d}")
        return names

    @cached_property
    def principals(self) -> pa.Array:
        """Users, then roles: what the principal codes of grants mean."""
        return pa.array([*self.users, *self.roles])

    @cached_property
    def databases(self) -> list[str]:
        """Databases by number."""
        names = [name for name, *_ in SENSITIVE_DATABASES] + ["default", "reporting"]
        for number in range(len(names), self.size.databases):
            department = _DEPARTMENTS[number % len(_DEPARTMENTS)]
            names.append(f"{department}_{SUBJECTS[number * 3 % len(SUBJECTS)]}_{number:04d}")
        return names

    @cached_property
    def groups(self) -> list[str]:
        """Those of the families, `data-platform`, and a tree under `all-staff`."""
        named = [family.group for family in FAMILIES] + ["data-platform", "all-staff"]
        return named + [f"org-{number:05d}" for number in range(len(named), self.size.groups)]

    @cached_property
    def columns(self) -> pa.Table:
        """Row `layout * COLUMNS_PER_TABLE + position`: name, type, whether a partition key."""
        rows = [row for layout in _layouts() for row in layout]
        names, types, keys = zip(*rows, strict=True)
        return pa.table({"name": names, "type": types, "key": pa.array(keys, pa.bool_())})

    @property
    def first_service(self) -> int:
        """The code of the first service."""
        return self.size.people

    @property
    def first_leaver(self) -> int:
        """The code of the first leaver."""
        return self.size.people + self.size.services

    @property
    def first_unknown(self) -> int:
        """The code of the first name that no directory knows."""
        return self.first_leaver + self.size.leavers

    @property
    def first_role(self) -> int:
        """The code of role 0."""
        return len(self.users)


def _person(number: int) -> str:
    """A first and a last name, with a number from the second of that name on."""
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[number // len(FIRST_NAMES) % len(LAST_NAMES)]
    again = number // (len(FIRST_NAMES) * len(LAST_NAMES))
    return f"{first}.{last}{again + 1 if again else ''}"


def _layouts() -> list[list[tuple[str, str, bool]]]:
    """Ten columns each: the sensitive ones, the sprinkled one, the ordinary ones."""
    named = [name for _, _, name, _ in SENSITIVE_DATABASES] + ["contact_list"]
    layouts = []
    for name in named:
        columns = [(column, kind, False) for column, kind in LAYOUTS[name].columns]
        layouts.append([*columns[: COLUMNS_PER_TABLE - 1], ("day", "date", True)])
    for number in range(ORDINARY_LAYOUTS):
        layouts.append([_ordinary_column(number, place) for place in range(COLUMNS_PER_TABLE)])
    return layouts


def _ordinary_column(layout: int, place: int) -> tuple[str, str, bool]:
    if place == 0:
        return f"{SUBJECTS[layout % len(SUBJECTS)]}_id", "bigint", False
    if place == COLUMNS_PER_TABLE - 1:
        return "day", "date", True
    # Steps of a full cycle over all pairs: no name twice in a layout.
    pair = (layout * 8 + place * 37) % (len(_ADJECTIVES) * len(_NOUNS))
    adjective, noun = _ADJECTIVES[pair % len(_ADJECTIVES)], _NOUNS[pair // len(_ADJECTIVES)]
    return f"{adjective}_{noun}", _TYPES[(layout + place * 3) % len(_TYPES)], False
