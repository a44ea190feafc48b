"""Builds the demonstration lake: a metastore's database and a directory of its people."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from app.demo import cast, monitoring, ordinary, roles, views
from app.demo.metastore import write_metastore
from app.demo.misconfigurations import LESSER
from app.demo.people import LEAVERS, PEOPLE, SERVICES, hire
from app.demo.residue import RESIDUE
from app.demo.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Counts:
    """What must be found in the lake, whatever the seed."""

    tables: int  # views included
    monitoring_tables: int
    views: int
    people: int  # active
    services: int
    leavers: int
    program_members: int
    columns: int
    grants: int  # rows of TBL_PRIVS


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A demonstration lake on disk, and how to point Lakewarden at it."""

    metastore: Path
    directory: Path
    expected: Counts
    mode: str = "sql-standard"
    groups: str = "none"  # HiveServer2's usual authenticator resolves no groups

    @property
    def source_url(self) -> str:
        """The metastore as a source."""
        return f"metastore+sqlite:///{self.metastore}"

    @property
    def directory_url(self) -> str:
        """The people as a directory."""
        return f"csv:{self.directory}"


def build_demonstration(folder: Path, seed: int = 2026) -> Demonstration:
    """Write the demonstration lake into `folder`; what stood there before is replaced.

    The same seed gives the same bytes. Another seed gives other people, teams and
    sandboxes; the counts, the story and the names in it stay.
    """
    chance = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    people = hire(chance)
    warehouse = Warehouse()
    ordinary.build(warehouse)
    monitoring.build(warehouse)
    views.build(warehouse, chance)
    ordinary.open_sandboxes(warehouse)
    roles.build(warehouse, people, chance)
    roles.share_out(warehouse, people, chance)
    monitoring.open_to_everyone(warehouse)
    roles.ordinary_day(warehouse, people, chance)
    for misconfigure in (*LESSER, *RESIDUE):
        misconfigure(warehouse, people, chance)
    ordinary.odd_table(warehouse)
    missing = monitoring.TABLES + ordinary.TABLES - len(warehouse.tables)
    ordinary.fill_sandboxes(warehouse, people, chance, missing)
    roles.share_sandboxes(warehouse, people, chance)
    people.write(folder / "directory")
    grants = write_metastore(warehouse, folder / "metastore.sqlite")
    counts = Counts(
        tables=monitoring.TABLES + ordinary.TABLES,
        monitoring_tables=monitoring.TABLES,
        views=warehouse.views,
        people=PEOPLE,
        services=SERVICES,
        leavers=LEAVERS,
        program_members=len(cast.MONITORING_PROGRAM),
        columns=warehouse.columns,
        grants=grants,
    )
    return Demonstration(folder / "metastore.sqlite", folder / "directory", counts)
