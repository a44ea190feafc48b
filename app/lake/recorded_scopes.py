"""What of a run's exposures belongs to its incidents, and the verdicts of its tables."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.core.exposures import VERDICT_SCHEMA, Verdict
from app.core.judging import TableClasses
from app.core.plans.simulating import Scope
from app.lake.recorded_incidents import read_pairs

_FIELDS = tuple(name for name in VERDICT_SCHEMA.names if name != "verdict")
_NOTHING: Mapping[str, Verdict] = {}


class RecordedScopes:
    """The exposures of a run that no gap hides."""

    def __init__(self, folder: Path) -> None:
        columns = ["id", "scope", "object", "table_ordinal", "right", "verdict", "status"]
        rows = pq.read_table(folder / "exposures.parquet", columns=columns)
        self._rows = rows.filter(pc.not_equal(rows["status"], "unknown"))
        self._folder = folder

    def of(self, incidents: Collection[str]) -> dict[str, Scope]:
        """Incident → its exposures, for some incidents."""
        pairs = read_pairs(self._folder)
        wanted = pa.array(sorted(incidents), pa.string())
        pairs = pairs.filter(pc.is_in(pairs["incident"], value_set=wanted))
        # Of few incidents: to find their rows first costs less than to join all there are.
        theirs = pc.is_in(self._rows["id"], value_set=pairs["exposure"].combine_chunks())
        rows = self._rows.filter(theirs)
        found = pairs.join(rows, keys="exposure", right_keys="id", join_type="inner")
        tables: dict[str, dict[int, set[str]]] = defaultdict(dict)
        holders: dict[str, set[str]] = defaultdict(set)
        lakes = set[str]()
        names = ("incident", "scope", "object", "table_ordinal", "right")
        for key, scope, named, table, right in zip(
            *(found[name].to_pylist() for name in names), strict=True
        ):
            if scope == "principal":
                holders[key].add(named)
            elif scope == "lake":
                lakes.add(key)
            elif table is not None:
                tables[key].setdefault(table, set()).add(right)
        return {
            key: Scope(
                {table: frozenset(rights) for table, rights in sorted(tables[key].items())},
                tuple(sorted(holders[key])),
                key in lakes,
            )
            for key in {*tables, *holders, *lakes}
        }

    def whole_classes(self, tables: Collection[int]) -> dict[int, TableClasses]:
        """The classes of some exposed tables, for modes that know no rights on parts."""
        wanted = pa.array(sorted(tables), self._rows.schema.field("table_ordinal").type)
        rows = self._rows.filter(pc.is_in(self._rows["table_ordinal"], value_set=wanted))
        said = pq.read_table(self._folder / "verdicts.parquet", columns=["verdict", "classes"])
        numbers = pc.unique(rows["verdict"])
        said = said.filter(pc.is_in(said["verdict"], value_set=numbers))
        of_verdict = {
            number: TableClasses(frozenset(classes), {})
            for number, classes in zip(
                said["verdict"].to_pylist(), said["classes"].to_pylist(), strict=True
            )
        }
        columns = (rows[name].to_pylist() for name in ("table_ordinal", "verdict"))
        return {table: of_verdict[verdict] for table, verdict in zip(*columns, strict=True)}

    def verdicts(self) -> "RecordedVerdicts":
        """What was decided of the exposed tables."""
        return RecordedVerdicts(self._folder, self._rows)


class RecordedVerdicts:
    """The verdicts of a table by right; none of a table that is no exposure."""

    def __init__(self, folder: Path, exposures: pa.Table) -> None:
        self._verdicts = pq.read_table(folder / "verdicts.parquet", columns=["verdict", *_FIELDS])
        numbers = self._verdicts["verdict"].to_pylist()
        self._row_of = {number: row for row, number in enumerate(numbers)}
        self._made: dict[int, Verdict] = {}
        self._by_right: dict[int, Mapping[str, Verdict]] = {}
        self._tables: dict[int, list[int]] = defaultdict(list)
        placed = exposures.filter(pc.is_valid(exposures["table_ordinal"]))
        for table, verdict in zip(
            placed["table_ordinal"].to_pylist(), placed["verdict"].to_pylist(), strict=True
        ):
            self._tables[table].append(verdict)

    def __call__(self, table: int) -> Mapping[str, Verdict]:
        numbers = self._tables.get(table)
        if numbers is None:
            return _NOTHING
        found = self._by_right.get(table)
        if found is None:
            verdicts = map(self._verdict, sorted(numbers))
            found = self._by_right[table] = {verdict.right: verdict for verdict in verdicts}
        return found

    def whole_classes(self) -> dict[int, TableClasses]:
        """The classes of every exposed table, for modes that know no rights on parts."""
        found: dict[int, TableClasses] = {}
        known: dict[int, TableClasses] = {}
        for table, (number, *_) in self._tables.items():
            classes = known.get(number)
            if classes is None:
                said = frozenset(self._verdict(number).classes)
                classes = known[number] = TableClasses(said, {})
            found[table] = classes
        return found

    def _verdict(self, number: int) -> Verdict:
        known = self._made.get(number)
        if known is None:
            row = self._verdicts.slice(self._row_of[number], 1).to_pylist()[0]
            values: dict[str, Any] = {
                name: tuple(row[name]) if isinstance(row[name], list) else row[name]
                for name in _FIELDS
            }
            known = self._made[number] = Verdict(**values)
        return known
