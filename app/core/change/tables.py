"""Objects as a change leaves them: copied from the snapshot when first written to."""

from dataclasses import dataclass, field
from enum import StrEnum

from app.core.lake_view import ClassOnTable
from app.core.rights.grant_rows import GrantRow

VIEW, MATERIALIZED_VIEW = "VIRTUAL_VIEW", "MATERIALIZED_VIEW"


class How(StrEnum):
    """How a table of the change gets what another one holds."""

    COPY = "copy"  # CREATE TABLE AS, INSERT … SELECT
    VIEW = "view"


@dataclass(slots=True)
class ChangedTable:
    """A table or view that the change made or altered.

    `columns` are (folded name, whether it is a partition key) in order. `grants` are the
    rows of the table, its columns and partitions. `classes` are given to it by what it
    holds, beside those that rules give by its name.
    """

    ordinal: int
    database: int
    name: str
    kind: str
    owner: str | None
    owner_type: str | None
    columns: tuple[tuple[str, bool], ...]
    properties: dict[str, str | None]
    partitions: tuple[str, ...]
    grants: list[GrantRow]
    location: str | None = None
    classes: tuple[ClassOnTable, ...] = ()
    described_anew: bool = False  # its name, columns or properties are not the snapshot's

    @property
    def is_view(self) -> bool:
        """Whether it shows other tables' data and holds none."""
        return self.kind == VIEW


@dataclass(slots=True)
class ChangedDatabase:
    """A database that the change made or altered; `grants` are its own rows."""

    ordinal: int
    catalog: str
    name: str
    owner: str | None
    owner_type: str | None
    grants: list[GrantRow] = field(default_factory=list)
    properties: dict[str, str | None] = field(default_factory=dict)
