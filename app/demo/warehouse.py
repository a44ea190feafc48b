"""A metastore being filled: its databases, tables, roles and grants, gathered as rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from app.demo.cast import at
from app.demo.layouts import LAYOUT_IDS, LAYOUTS

WAREHOUSE = "s3a://lake-production/warehouse"
_LAYOUTS = tuple(LAYOUTS.values())
FOUNDED = at("2019-02-04 08:00")


@dataclass(frozen=True, slots=True)
class By:
    """Who granted, when, and how: the part of a grant that many grants share."""

    grantor: str
    when: int
    grant_option: int = 0
    authorizer: str | None = "SQL"
    grantor_type: str = "USER"


class Warehouse:
    """Everything a metastore says, as rows with the ids they will have."""

    def __init__(self) -> None:
        self.databases: dict[str, int] = {}
        self.tables: dict[tuple[str, str], int] = {}
        self.created: dict[int, int] = {}  # table id → time
        self.owners: dict[int, str] = {}
        self.roles: dict[str, int] = {}
        self.database_rows: list[tuple[object, ...]] = []
        self.database_property_rows: list[tuple[int, str, str]] = []
        self.table_rows: list[tuple[object, ...]] = []
        self.property_rows: list[tuple[int, str, str]] = []
        self._datasets: dict[tuple[str, str], int] = {}
        self.dataset_grant_rows: list[tuple[object, ...]] = []
        self.grant_rows: list[tuple[object, ...]] = []
        self.role_rows: list[tuple[object, ...]] = []
        self.member_rows: list[tuple[object, ...]] = []
        self.partition_rows: list[tuple[object, ...]] = []
        self.materialized_rows: list[tuple[object, ...]] = []
        self.used_rows: list[tuple[int, int]] = []
        self.database_grant_rows: list[tuple[object, ...]] = []
        self.global_grant_rows: list[tuple[object, ...]] = []
        self.column_grant_rows: list[tuple[object, ...]] = []
        self.partition_grant_rows: list[tuple[object, ...]] = []
        self.event_rows: list[tuple[object, ...]] = []

    def database(
        self,
        name: str,
        owner: str,
        *,
        owner_type: str = "USER",
        description: str = "",
        properties: dict[str, str] | None = None,
    ) -> None:
        """Add a database."""
        number = self.databases[name] = len(self.databases) + 1
        location = WAREHOUSE if name == "default" else f"{WAREHOUSE}/{name}.db"
        self.database_rows.append((number, description, location, name, owner, owner_type, FOUNDED))
        self.database_property_rows += [(number, k, v) for k, v in (properties or {}).items()]

    def table(
        self,
        database: str,
        name: str,
        layout: str,
        owner: str,
        created: int,
        *,
        dataset: str = "",
        kind: str = "EXTERNAL_TABLE",
        location: str | None = None,
        creator: str | None = None,
        automatic: bool = True,
        owner_type: str = "USER",
        original: str | None = None,
        expanded: str | None = None,
    ) -> int:
        """Add a table or view; its creator gets his four rights with grant option."""
        number = len(self.table_rows) + 1
        self.tables[database, name] = number
        self.created[number] = created
        self.owners[number] = owner
        if location is None and kind != "VIRTUAL_VIEW":
            location = f"{WAREHOUSE}/{database}.db/{name}"
        self.table_rows.append(
            (
                number,
                self.databases[database],
                name,
                LAYOUT_IDS[layout],
                self._dataset(database, dataset or name),
                kind,
                owner,
                owner_type,
                (creator or owner) if automatic else None,
                created,
                location,
                original,
                expanded,
            )
        )
        return number

    def _dataset(self, database: str, dataset: str) -> int:
        return self._datasets.setdefault((database, dataset), len(self._datasets))

    def datasets(self, database: str) -> list[str]:
        """The datasets of a database, in the order they came."""
        return [dataset for owner, dataset in self._datasets if owner == database]

    @property
    def views(self) -> int:
        """How many of the tables are views."""
        return sum(1 for row in self.table_rows if row[5] == "VIRTUAL_VIEW")

    @property
    def columns(self) -> int:
        """How many columns all tables have, partition keys among them."""
        return sum(
            len(table.columns) + ("VIEW" not in str(row[5])) * len(table.partition_keys)
            for row in self.table_rows
            for table in (_LAYOUTS[cast(int, row[3])],)
        )

    def set_property(self, table: int, key: str, value: str) -> None:
        """Set a table property."""
        self.property_rows.append((table, key, value))

    def grant(
        self,
        table: int,
        principal: str,
        by: By,
        *,
        principal_type: str = "ROLE",
        privilege: str = "SELECT",
    ) -> None:
        """Add one row of TBL_PRIVS."""
        self.grant_rows.append(_grant(by, principal, principal_type, privilege, table))

    def grant_dataset(
        self, database: str, dataset: str, role: str, by: By, privilege: str = "SELECT"
    ) -> None:
        """Grant a role every table of a dataset, later ones an hour after they are made."""
        number = self._datasets[database, dataset]
        self.dataset_grant_rows.append((number, role, privilege, by.grantor, by.when))

    def grant_database(self, database: str, principal: str, privilege: str, by: By) -> None:
        """Add one row of DB_PRIVS for a role."""
        row = _grant(by, principal, "ROLE", privilege, self.databases[database])
        self.database_grant_rows.append(row)

    def grant_global(self, principal_type: str, principal: str, privilege: str, by: By) -> None:
        """Add one row of GLOBAL_PRIVS."""
        row = _grant(by, principal, principal_type, privilege, 0)[:-2]
        self.global_grant_rows.append((*row, by.authorizer))

    def grant_column(self, table: int, column: str, role: str, by: By) -> None:
        """Add one row of TBL_COL_PRIVS."""
        self.column_grant_rows.append((column, *_grant(by, role, "ROLE", "SELECT", table)))

    def grant_partition(self, partition: int, role: str, by: By) -> None:
        """Add one row of PART_PRIVS."""
        self.partition_grant_rows.append(_grant(by, role, "ROLE", "SELECT", partition))

    def role(self, name: str, owner: str, created: int) -> None:
        """Add a role."""
        self.roles[name] = len(self.roles) + 1
        self.role_rows.append((self.roles[name], created, owner, name))

    def member(self, role: str, member: str, by: By, member_type: str = "USER") -> None:
        """Add one row of ROLE_MAP; the grant option is the admin option."""
        option, number = by.grant_option, self.roles[role]
        row = (by.when, option, by.grantor, by.grantor_type, member, member_type, number)
        self.member_rows.append(row)

    def partition(self, table: int, name: str, location: str, created: int) -> int:
        """Add a partition with a directory of its own; its id."""
        self.partition_rows.append((table, name, location, created))
        return len(self.partition_rows)

    def materialized_from(
        self, database: str, name: str, sources: Iterable[int], when: int
    ) -> None:
        """Say what a materialized view was made from."""
        number = len(self.materialized_rows) + 1
        self.materialized_rows.append((number, "hive", database, name, when))
        self.used_rows += [(number, source) for source in sources]

    def event(self, when: int, kind: str, database: str, table: str, message: str) -> None:
        """Add a row of NOTIFICATION_LOG."""
        self.event_rows.append((when, kind, database, table, message))


def _grant(
    by: By, principal: str, principal_type: str, privilege: str, target: int
) -> tuple[object, ...]:
    given = (by.when, by.grant_option, by.grantor, by.grantor_type, principal, principal_type)
    return (*given, privilege, target, by.authorizer)
