"""Finding one object, one principal's memberships or one table's grants in a snapshot.

Everything is read from the memory-mapped, sorted tables by binary search, so a question
about one table costs the same on ten tables and on a million.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from app.core.facts import GRANT_LEVELS
from app.core.frozen import frozen
from app.core.guarded_views import NOTHING, GuardedViews
from app.core.kept_rows import Kept
from app.core.mapped_rows import MappedRows
from app.core.names import ObjectName, fold
from app.core.rights.grant_rows import DatabaseGrants, GrantRow, TableGrants
from app.core.snapshots import Snapshot

PARTITION_RIGHTS = "PARTITION_LEVEL_PRIVILEGE"
_OF_RULES = ("principal_type", "principal", "privilege", "grant_option", "authorizer")
_TABLE = "table_grants"
_PART_OFFSETS = ("column_grants", "partition_grants", "partition_column_grants")


#: principal type, principal, privilege, grant option, authorizer
Rule = tuple[str, str, str, bool | None, str | None]


@frozen
class Place:
    """Where an object stands: ordinals of its database and table, its column's name.

    `table` is None for a database. `name` is the object as stored.
    """

    name: ObjectName
    database: int
    table: int | None = None
    column: str | None = None


class Lookup:
    """One snapshot, opened for questions."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._opened: dict[str, MappedRows] = {}
        self._offsets: dict[str, memoryview] = {}
        self._rules: dict[int, Rule] = {}
        self._grantors: dict[int, tuple[str | None, str | None]] = {}
        self._column_names: dict[int, str] = {}
        self._kept_grants = Kept[tuple[object, ...], TableGrants]()
        self._kept_columns = Kept[int, tuple[tuple[str, bool], ...]]()

    def rows(self, name: str) -> MappedRows:
        """The rows of one table of the layout."""
        if name not in self._opened:
            self._opened[name] = MappedRows(self.snapshot.mapped(name))
        return self._opened[name]

    def _range(self, offsets: str, ordinal: int) -> tuple[int, int]:
        if offsets not in self._offsets:
            self._offsets[offsets] = self.snapshot.offsets(offsets)
        found = self._offsets[offsets]
        return found[ordinal], found[ordinal + 1]

    def catalogs(self) -> frozenset[str]:
        """The catalogs of the lake, folded."""
        rows = self.rows("catalogs")
        return frozenset(fold(name) for name in rows.slice("name", 0, rows.count) if name)

    def find(self, name: ObjectName) -> Place | None:
        """The object of that name, or None. Stored names are compared exactly."""
        databases = self.rows("databases")
        row = databases.first(("catalog", "name"), (name.catalog, name.database))
        if row >= databases.count or databases.key(("catalog", "name"), row) != (
            name.catalog.encode(),
            name.database.encode(),
        ):
            return None
        if not name.table:
            return Place(name, row)
        table = self._find_table(row, name.table)
        if table is None:
            return None
        if name.column and name.column not in self.columns(table):
            return None
        return Place(name, row, table, name.column or None)

    def _find_table(self, database: int, table: str) -> int | None:
        tables = self.rows("tables")
        row = tables.first(("database", "name"), (database, table))
        if row < tables.count and tables.key(("database", "name"), row) == (
            database,
            table.encode(),
        ):
            return row
        return None

    def table_name(self, table: int) -> ObjectName:
        """The name of a table by ordinal."""
        tables, databases = self.rows("tables"), self.rows("databases")
        database = tables.value("database", table)
        return ObjectName(
            databases.value("catalog", database),
            databases.value("name", database),
            tables.value("name", table),
        )

    def database_name(self, database: int) -> ObjectName:
        """The name of a database by ordinal."""
        rows = self.rows("databases")
        return ObjectName(rows.value("catalog", database), rows.value("name", database))

    def columns(self, table: int) -> tuple[str, ...]:
        """The column names of a table in order, folded, partition keys last."""
        return tuple(name for name, _ in self._columns(table))

    def _columns(self, table: int) -> tuple[tuple[str, bool], ...]:
        found = self._kept_columns.get(table)
        if found is None:
            found = tuple(self._read_columns(table))
            self._kept_columns.keep(table, found, len(found))
        return found

    def _read_columns(self, table: int) -> list[tuple[str, bool]]:
        start, stop = self._range("columns", table)
        rows = self.rows("columns")
        return [
            (self._column_name(ordinal), is_key)
            for ordinal, is_key in zip(
                rows.slice("name", start, stop),
                rows.slice("partition_key", start, stop),
                strict=True,
            )
        ]

    def _column_name(self, ordinal: int) -> str:
        """Names of columns are few and come again in every table."""
        known = self._column_names.get(ordinal)
        if known is None:
            known = fold(self.rows("column_names").value("name", ordinal))
            self._column_names[ordinal] = known
        return known

    def table_grants(
        self,
        table: int,
        inherited_levels: Sequence[str],
        *,
        parts: bool = True,
        evidence: bool = True,
    ) -> TableGrants:
        """All that decides access to a table: rows of the levels a mode reads and of parts.

        Without `parts`, columns and grants on parts are left unread and empty; without
        `evidence`, who granted, when and in which row. Answers are kept: a question asks
        for the same tables more than once.
        """
        above = tuple(level for level in inherited_levels if level != "table")
        asked = (table, above, parts, evidence)
        found = self._kept_grants.get(asked)
        if found is None:
            found = self._table_grants(*asked)
            if found.is_view:
                found = self._beside(found, *asked)
            self._kept_grants.keep(asked, found, len(found.grants))
        return found

    @cached_property
    def guarded(self) -> GuardedViews:
        """The views of which more is asked than their own grants."""
        return GuardedViews(self, self.snapshot.mapped("table_properties"))

    def _beside(self, found: TableGrants, *asked: Any) -> TableGrants:
        """A view's grants with those of what is asked beside it."""
        table, *how = asked
        beside = self.guarded.asked_beside(table)
        if beside == NOTHING:
            return found
        others = tuple(self._table_grants(other, *how) for other in beside.tables)
        return replace(found, beside=others, beside_is_all=beside.is_all)

    def _table_grants(
        self, table: int, inherited_levels: Sequence[str], parts: bool, evidence: bool
    ) -> TableGrants:
        tables, databases = self.rows("tables"), self.rows("databases")
        database = tables.value("database", table)
        grants: list[GrantRow] = []
        if "global" in inherited_levels:
            grants += self._global_grants()
        if "database" in inherited_levels:
            grants += self._grants("database_grants", database, evidence)
        for level in (_TABLE, *(_PART_OFFSETS if parts else ())):
            grants += self._grants(level, table, evidence)
        columns = self._columns(table) if parts else []
        keys = frozenset(name for name, is_key in columns if is_key)
        return TableGrants(
            grants=tuple(grants),
            columns=tuple(name for name, is_key in columns if not is_key),
            owner=tables.value("owner", table),
            owner_type=tables.value("owner_type", table),
            database_owner=databases.value("owner", database),
            database_owner_type=databases.value("owner_type", database),
            partitions=self._partitions(table) if keys else None,
            partition_keys=keys,
            is_view=tables.value("kind", table) == "VIRTUAL_VIEW",
            is_materialized_view=tables.value("kind", table) == "MATERIALIZED_VIEW",
        )

    def database_grants(self, database: int) -> DatabaseGrants:
        """All that decides access to a database."""
        databases = self.rows("databases")
        return DatabaseGrants(
            name=databases.value("name", database),
            grants=tuple(self._global_grants() + self._grants("database_grants", database)),
            owner=databases.value("owner", database),
            owner_type=databases.value("owner_type", database),
        )

    def properties(self, table: int) -> dict[str, str | None]:
        """The stored properties of a table."""
        start, stop = self._range("table_properties", table)
        rows = self.rows("table_properties")
        return dict(
            zip(rows.slice("key", start, stop), rows.slice("value", start, stop), strict=True)
        )

    def _partitions(self, table: int) -> tuple[str, ...] | None:
        wanted = (self.properties(table).get(PARTITION_RIGHTS) or "").upper()
        if wanted != "TRUE":
            return None
        rows = self.rows("partitions")
        start, stop = rows.first(("table",), (table,)), rows.first(("table",), (table + 1,))
        return tuple(rows.slice("name", start, stop))

    def _global_grants(self) -> list[GrantRow]:
        # Level 0 sorts first and its rows have no object.
        rows = self.rows("grants")
        return self._grant_rows(0, rows.first(("level",), (1,)))

    def _grants(self, offsets: str, ordinal: int, evidence: bool = True) -> list[GrantRow]:
        return self._grant_rows(*self._range(offsets, ordinal), evidence)

    def _grant_rows(self, start: int, stop: int, evidence: bool = True) -> list[GrantRow]:
        if start >= stop:
            return []
        rows = self.rows("grants")
        who_and_when = ("grantor", "create_time", "source_row") if evidence else ()
        names = ("level", "column", "partition", "rule", *who_and_when)
        columns = [rows.slice(name, start, stop) for name in names]
        return [
            self._grant_row(start + place, *values)
            for place, values in enumerate(zip(*columns, strict=True))
        ]

    def _grantor(self, grantor: int) -> tuple[str | None, str | None]:
        known = self._grantors.get(grantor)
        if known is None:
            rows = self.rows("grantors")
            known = rows.value("grantor", grantor), rows.value("grantor_type", grantor)
            self._grantors[grantor] = known
        return known

    def read_rules_of(self, tables: Iterable[int]) -> None:
        """Read the rules of the grants on many tables at once: one by one costs ten times more."""
        rows = self.rows("grants")
        named = {rule for t in tables for rule in rows.slice("rule", *self._range(_TABLE, t))}
        wanted = sorted(named - self._rules.keys())
        rules = self.snapshot.mapped("rules").select(_OF_RULES)
        found = rules.take(pa.array(wanted, pa.int64()))
        values = zip(*(column.to_pylist() for column in found.columns), strict=True)
        self._rules.update(zip(wanted, map(_rule, values), strict=True))

    def grant_row(self, row: int) -> GrantRow:
        """One grant by its row number."""
        value = self.rows("grants").value
        names = ("level", "column", "partition", "rule", "grantor", "create_time", "source_row")
        return self._grant_row(row, *(value(name, row) for name in names))

    def _grant_row(
        self,
        row: int,
        level: int,
        column: str | None,
        partition: str | None,
        rule: int,
        grantor: int | None = None,
        create_time: int | None = None,
        source_row: int | None = None,
    ) -> GrantRow:
        said = self._rules.get(rule)
        if said is None:
            said = self._rules[rule] = _rule(self.rows("rules").values(_OF_RULES, rule))
        by = (None, None) if grantor is None else self._grantor(grantor)
        return GrantRow(
            row=row,
            level=GRANT_LEVELS[level],
            column=column,
            partition=partition,
            rule=rule,
            principal_type=said[0],
            principal=said[1],
            privilege=said[2],
            grant_option=said[3],
            authorizer=said[4],
            grantor=by[0],
            grantor_type=by[1],
            create_time=create_time,
            source_row=source_row,
        )


def _rule(values: tuple[Any, ...]) -> Rule:
    kind, name, privilege, option, authorizer = values
    return kind or "", name or "", privilege or "", option, authorizer
