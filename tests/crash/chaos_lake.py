"""A lake that somebody opens and closes in many places, and what each snapshot shows of it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.core.incidents import Cause, incident_key
from app.lake.snapshot import snapshots_folder, stored_snapshots
from tests.scenario.stage import CONVENIENCE_ID
from tests.web.monitored_lake import CONVENIENCE

LAKE = "demo"
OPEN_TABLES = 8
#: Ordinary people who may read no keystrokes; each can be granted two tables.
PEOPLE = tuple(f"person.{number:03}" for number in range(70, 80))


@dataclass(frozen=True)
class Misgrant:
    """One thing that can be opened, and the incident that it opens."""

    incident: str
    opening: str
    closing: str
    person: str  # empty: `public` becomes a member of the role


def misgrants() -> tuple[Misgrant, ...]:
    """Everything that is opened and closed."""
    parts = ("role:public", f"role:{CONVENIENCE}")
    membership = Misgrant(
        incident_key(LAKE, Cause("membership", "role:public", parts)),
        "INSERT INTO ROLE_MAP (ROLE_GRANT_ID, ADD_TIME, GRANT_OPTION, GRANTOR, GRANTOR_TYPE, "
        "PRINCIPAL_NAME, PRINCIPAL_TYPE, ROLE_ID) "
        f"VALUES (77, 1780990860, 0, 'marcus', 'USER', 'public', 'ROLE', {CONVENIENCE_ID})",
        "DELETE FROM ROLE_MAP WHERE ROLE_GRANT_ID = 77",
        "",
    )
    return (membership, *_grants())


def _grants() -> Iterator[Misgrant]:
    for place, person in enumerate(PEOPLE):
        key = incident_key(LAKE, Cause("grants", f"user:{person}"))
        for table in (100 + place % OPEN_TABLES, 100 + (place + 3) % OPEN_TABLES):
            number = 90_000 + 1_000 * place + table
            yield Misgrant(
                key,
                "INSERT INTO TBL_PRIVS (TBL_GRANT_ID, TBL_ID, TBL_PRIV, CREATE_TIME, "
                "GRANT_OPTION, GRANTOR, GRANTOR_TYPE, PRINCIPAL_NAME, PRINCIPAL_TYPE, AUTHORIZER) "
                f"VALUES ({number}, {table}, 'SELECT', 1780990000, 0, 'marcus', 'USER', "
                f"'{person}', 'USER', 'SQL')",
                f"DELETE FROM TBL_PRIVS WHERE TBL_GRANT_ID = {number}",
                person,
            )


@dataclass
class ChangingLake:
    """What is open at the moment."""

    chance: random.Random
    all: tuple[Misgrant, ...] = field(default_factory=misgrants)
    open: set[Misgrant] = field(default_factory=set)
    changes: int = 0

    @property
    def incidents(self) -> frozenset[str]:
        """The incidents that come and go; every other one stays."""
        return frozenset(each.incident for each in self.all)

    @property
    def open_incidents(self) -> frozenset[str]:
        """Those of them that are open now."""
        return frozenset(each.incident for each in self.open)

    def statements(self) -> list[str]:
        """Open or close some of it, in one go."""
        some = self.chance.sample(self.all, self.chance.randint(1, 8))
        self.changes += 1
        said = [each.closing if each in self.open else each.opening for each in some]
        self.open ^= set(some)
        return said


def open_in_snapshots(data: Path) -> dict[str, frozenset[str]]:
    """Snapshot → which of the incidents' misgrants it holds, read from its rows alone."""
    found = {}
    for stored in stored_snapshots(snapshots_folder(data, LAKE)):
        rules = stored.mapped("rules").to_pylist()
        granted = set(stored.mapped("grants")["rule"].to_pylist())
        people = {rules[number]["principal"] for number in granted}
        members = {
            (row["member"], row["role"]) for row in stored.mapped("role_members").to_pylist()
        }
        found[stored.content_hash] = frozenset(
            each.incident
            for each in misgrants()
            if (each.person in people if each.person else ("public", CONVENIENCE) in members)
        )
    return found
