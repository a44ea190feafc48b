"""Tables that are decided alike, now and under a change: one of them stands for all.

What decides a table is its classes, the rules of its grants and, where it counts, its
database, owner and kind. Tables with rights on parts are compared with themselves only.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from app.core.facts import GRANT_LEVELS
from app.core.lake_view import LakeView
from app.core.lookup import PARTITION_RIGHTS
from app.core.plans.change import LakeChange

if TYPE_CHECKING:
    from app.core.judging import TableClasses

_OWNERS_RIGHTS = frozenset(("own", "alter", "drop", "index"))
_PART_OFFSETS = ("column_grants", "partition_grants", "partition_column_grants")
_OWNER_TYPES = (None, "USER", "ROLE", "GROUP")

#: Rows, rows that lose their option, and new grants, told by their place on a table.
Pattern = tuple[tuple[int, ...], tuple[int, ...], tuple[tuple[str, str, str], ...]]
_UNTOUCHED: Pattern = ((), (), ())


class Signatures:
    """Groups tables of one lake by what decides them."""

    def __init__(self, view: LakeView, rights: Iterable[str]) -> None:
        self._view = view
        self._owners_count = bool(_OWNERS_RIGHTS.intersection(rights))
        self._parts = view.mode.has_parts

    @cached_property
    def _rules(self) -> memoryview:
        column = self._view.snapshot.mapped("grants")["rule"].combine_chunks()
        if not len(column):
            return memoryview(b"").cast("i")
        whole = memoryview(column.buffers()[1]).cast("i")
        return whole[column.offset : column.offset + len(column)]

    @cached_property
    def _offsets(self) -> memoryview:
        return self._view.snapshot.offsets("table_grants")

    @cached_property
    def _part_offsets(self) -> list[memoryview]:
        return [self._view.snapshot.offsets(name) for name in _PART_OFFSETS]

    @cached_property
    def _tables(self) -> dict[str, list[object]]:
        tables = self._view.snapshot.mapped("tables")
        wanted = ["owner_type"] + ["owner"] * (self._owners_count or self._parts)
        wanted += ["database", "kind"] if self._parts else []
        return {name: tables[name].to_pylist() for name in wanted}

    @cached_property
    def _partitioned(self) -> frozenset[int]:
        """Tables whose partitions carry rights of their own."""
        if not self._parts:
            return frozenset()
        rows = self._view.snapshot.mapped("table_properties")
        mask = pc.fill_null(pc.equal(rows["key"], PARTITION_RIGHTS), False)
        return frozenset(rows["table"].filter(mask).to_pylist())

    def groups(
        self,
        tables: Iterable[int],
        classes: Mapping[int, "TableClasses"],
        scope: Mapping[int, frozenset[str]],
        change: LakeChange,
    ) -> list[tuple[int, ...]]:
        """The tables in groups, each sorted; the first of a group stands for it.

        Tables of one group have the same rights in the scope.
        """
        patterns = self._patterns(change)
        class_numbers: dict[object, int] = {}
        found: dict[object, list[int]] = defaultdict(list)
        nothing: frozenset[str] = frozenset()
        for table in sorted(tables):
            held = classes[table]
            said = (held.whole, tuple(sorted(held.by_column.items())))
            number = class_numbers.setdefault(said, len(class_numbers))
            key = (
                number,
                scope.get(table, nothing),
                patterns.get(table, _UNTOUCHED),
                change.owners.get(table),
                self._key(table),
            )
            found[key].append(table)
        return [tuple(each) for each in found.values()]

    def _key(self, table: int) -> object:
        start, stop = self._offsets[table], self._offsets[table + 1]
        rules = self._rules[start:stop].tobytes()
        columns = self._tables
        owner_type = columns["owner_type"][table]
        if not self._parts:
            owner = columns["owner"][table] if self._owners_count else None
            return rules, owner, owner_type in _OWNER_TYPES
        if table in self._partitioned or any(
            offsets[table] != offsets[table + 1] for offsets in self._part_offsets
        ):
            return table
        return (
            rules,
            columns["database"][table],
            columns["kind"][table] == "VIRTUAL_VIEW",
            columns["owner"][table],
            owner_type,
        )

    def _patterns(self, change: LakeChange) -> dict[int, Pattern]:
        """What a change does to each table it names, by place among the table's own grants."""
        rows: dict[int, list[int]] = defaultdict(list)
        options: dict[int, list[int]] = defaultdict(list)
        new: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
        for numbers, found in ((change.rows, rows), (change.optionless, options)):
            for table, place in self._placed(sorted(numbers)):
                found[table].append(place)
        for grant in change.granted:
            new[grant.table].append((grant.principal_type, grant.principal, grant.privilege))
        return {
            table: (tuple(rows[table]), tuple(options[table]), tuple(sorted(new[table])))
            for table in {*rows, *options, *new}
        }

    def _placed(self, numbers: list[int]) -> Iterable[tuple[int, int]]:
        """(table, place) of the rows that stand on tables themselves.

        Rows above them change all tables of a database alike; those on parts, tables that
        are compared with themselves only.
        """
        if not numbers:
            return
        grants = self._view.snapshot.mapped("grants").select(["level", "object"])
        taken = grants.take(pa.array(numbers, pa.int64()))
        level = GRANT_LEVELS.index("table")
        for number, at, table in zip(
            numbers, taken["level"].to_pylist(), taken["object"].to_pylist(), strict=True
        ):
            if at == level:
                yield table, number - self._offsets[table]
