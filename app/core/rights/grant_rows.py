"""The grants of one object, as the authorization modes read them."""

from app.core.facts import GRANT_LEVELS, SOURCE_TABLES
from app.core.frozen import frozen


@frozen
class GrantRow:
    """One recorded grant, as it stands in the snapshot. Being recorded is not access."""

    row: int  # row of the snapshot's `grants`
    level: str  # one of facts.GRANT_LEVELS
    column: str | None
    partition: str | None
    rule: int  # row of the snapshot's `rules`
    principal_type: str
    principal: str
    privilege: str
    grant_option: bool | None  # None: a number Hive fails on
    authorizer: str | None
    grantor: str | None = None
    grantor_type: str | None = None
    create_time: int | None = None
    source_row: int | None = None

    @property
    def source(self) -> str:
        """The row's place in the metastore, such as `TBL_PRIVS 17`."""
        table = SOURCE_TABLES[self.level]
        return table if self.source_row is None else f"{table} {self.source_row}"


def level_number(level: str) -> int:
    """A level as snapshots store it."""
    return GRANT_LEVELS.index(level)


@frozen
class TableGrants:
    """All that decides access to one table or view.

    `columns` are its column names, folded, without its partition keys; `partitions` the
    names of its partitions where they carry rights of their own, else None. `beside` are the
    tables whose reading is asked beside the view's (core.guarded_views), not all of them
    where `beside_is_all` is false.
    """

    grants: tuple[GrantRow, ...]
    columns: tuple[str, ...]
    owner: str | None
    owner_type: str | None
    database_owner: str | None
    database_owner_type: str | None
    partitions: tuple[str, ...] | None = None
    partition_keys: frozenset[str] = frozenset()
    is_view: bool = False
    is_materialized_view: bool = False
    beside: tuple["TableGrants", ...] = ()
    beside_is_all: bool = True


@frozen
class DatabaseGrants:
    """All that decides access to one database."""

    name: str
    grants: tuple[GrantRow, ...]
    owner: str | None
    owner_type: str | None
