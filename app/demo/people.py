"""The people of the demonstration lake: users, services, leavers and nested groups."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from app.demo import cast
from app.demo.words import FIRST_NAMES, LAST_NAMES, SERVICE_WORDS

PEOPLE, SERVICES, LEAVERS = 3_200, 60, 150

#: Departments and their share of the people, in parts of a thousand.
DEPARTMENTS = {
    "engineering": 265,
    "sales": 190,
    "customer-support": 140,
    "operations": 110,
    "marketing": 80,
    "finance": 55,
    "logistics": 50,
    "product": 40,
    "data": 30,
    "people-and-culture": 20,
    "legal": 12,
    "it": 8,
}
TEAM_SIZE = 17


@dataclass(frozen=True)
class People:
    """Everyone the directory knows, and the groups they are in."""

    users: list[tuple[str, str, bool]] = field(default_factory=list)  # name, kind, active
    groups: list[str] = field(default_factory=list)
    memberships: list[tuple[str, str, str]] = field(default_factory=list)
    departments: dict[str, list[str]] = field(default_factory=dict)  # active people of each
    teams: dict[str, list[str]] = field(default_factory=dict)

    @property
    def active(self) -> list[str]:
        """The active people, department by department."""
        return [person for members in self.departments.values() for person in members]

    def group(self, name: str, *, within: str = "", members: Iterable[str] = ()) -> None:
        """Add a group with people or services in it, itself inside another one."""
        self.groups.append(name)
        if within:
            self.memberships.append(("group", name, within))
        self.memberships.extend(("user", member, name) for member in members)

    def write(self, folder: Path) -> None:
        """Write users.csv, groups.csv and memberships.csv."""
        folder.mkdir(parents=True, exist_ok=True)
        users = ((name, kind, str(active).lower()) for name, kind, active in sorted(self.users))
        _write(folder / "users.csv", ("user", "kind", "active"), users)
        groups = ((group,) for group in sorted(self.groups))
        _write(folder / "groups.csv", ("group",), groups)
        header = ("member_type", "member", "group")
        _write(folder / "memberships.csv", header, sorted(self.memberships))


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _names(chance: Random, taken: set[str]) -> Iterator[str]:
    """Names nobody has yet, without end in practice."""
    pairs = [f"{first}.{last}" for first in FIRST_NAMES for last in LAST_NAMES]
    chance.shuffle(pairs)
    return (name for name in pairs if name not in taken)


#: The department of everybody whom the story knows by name.
_HOME = {
    "data": (*cast.ADMINISTRATORS, *cast.MONITORING_PROGRAM),
    "marketing": (cast.MOVED_ADMINISTRATOR, cast.LOWER_KIM),
    "sales": (cast.FORMER_PAYROLL_LEAD, cast.JONAS, cast.UPPER_KIM),
    "people-and-culture": (*cast.PAYROLL, *cast.BENEFITS, cast.ODD_NAME),
    "it": cast.SECURITY,
}


def hire(chance: Random) -> People:
    """Make up the company."""
    people = People()
    known = {name for home in _HOME.values() for name in home} | set(cast.LEAVERS)
    names = _names(chance, known)
    people.group("all-staff")
    people.group("people-managers")
    for department, share in DEPARTMENTS.items():
        members = list(_HOME.get(department, ()))
        wanted = PEOPLE * share // 1000
        members += [next(names) for _ in range(wanted - len(members))]
        people.departments[department] = members
    spare = PEOPLE - len(people.active)
    people.departments["engineering"] += [next(names) for _ in range(spare)]
    for department, members in people.departments.items():
        _department(people, department, members, chance)
    people.users.extend((name, "person", True) for name in people.active)
    leavers = [*cast.LEAVERS, *(next(names) for _ in range(LEAVERS - len(cast.LEAVERS)))]
    people.users.extend((name, "person", False) for name in leavers)
    _services(people, chance)
    _programs(people, chance)
    return people


def _department(people: People, department: str, members: list[str], chance: Random) -> None:
    """Teams of about TEAM_SIZE; their first member is a manager."""
    people.group(department, within="all-staff")
    shuffled = members[:]
    chance.shuffle(shuffled)
    for number, start in enumerate(range(0, len(shuffled), TEAM_SIZE), start=1):
        team = f"{department}-{number:02d}"
        people.teams[team] = shuffled[start : start + TEAM_SIZE]
        people.group(team, within=department, members=people.teams[team])
        people.memberships.append(("user", people.teams[team][0], "people-managers"))


def _services(people: People, chance: Random) -> None:
    words = chance.sample(SERVICE_WORDS, SERVICES - len(cast.CREATORS) - 1)
    services = [*cast.CREATORS, cast.BI_GATEWAY, *(f"svc_{w.replace('-', '_')}" for w in words)]
    people.users.extend((name, "service", True) for name in services)
    people.group("service-accounts", members=services)
    people.group("lake-etl", within="service-accounts", members=cast.CREATORS)


def _programs(people: People, chance: Random) -> None:
    """The groups that policies speak of."""
    support = people.departments["customer-support"]
    leads = chance.sample(support, 24)
    people.group("customer-support-leads", within="customer-support", members=leads)
    people.group("people-analytics", members=cast.PEOPLE_ANALYTICS)
    program = set(cast.MONITORING_PROGRAM) - set(cast.PEOPLE_ANALYTICS)
    people.group("monitoring-program", members=sorted(program))
    people.memberships.append(("group", "people-analytics", "monitoring-program"))
    people.group("hr-payroll", within="people-and-culture", members=cast.PAYROLL)
    people.group("hr-benefits", within="people-and-culture", members=cast.BENEFITS)
    people.group("security", within="it", members=cast.SECURITY)
    data = [name for name in people.departments["data"] if name not in cast.MONITORING_PROGRAM]
    engineers = [name for name in data if name not in cast.ADMINISTRATORS]
    people.group("data-platform", members=[*cast.ADMINISTRATORS, *chance.sample(engineers, 11)])
