"""Views of which Hive 4 asks what is under them, too: those with `Authorized=false`.

A metastore that authorizes (HiveMetaStoreAuthorizer) marks so a view that somebody made past
HiveServer2. Source: Hive 4.0.1, tried: whoever reads such a view, by itself or through views
on it, needs SELECT on every table and view that its text names, beside SELECT on the view he
asked for; of a view without the mark, nothing under it is asked. Legacy authorization does not look
at the mark.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol

import pyarrow.compute as pc

from app.core.frozen import frozen
from app.core.mapped_rows import MappedRows
from app.core.names import ObjectName
from app.core.view_names import PROPERTIES, View, candidates, dialect, namespace
from app.core.view_text import parse_view

PROPERTY = "Authorized"
_KIND = "VIRTUAL_VIEW"


class Looked(Protocol):
    """What is asked of `core.lookup.Lookup`."""

    def rows(self, name: str) -> MappedRows:
        """The rows of one table of the layout."""
        ...

    def properties(self, table: int) -> dict[str, str | None]:
        """The properties of a table."""
        ...

    def database_name(self, database: int) -> ObjectName:
        """The name of a database."""
        ...

    def find(self, name: ObjectName) -> Any:
        """Where the object of that name stands (`core.lookup.Place`), or None."""
        ...


@frozen
class AskedBeside:
    """The tables asked beside a view, and whether they are all that are."""

    tables: tuple[int, ...] = ()
    is_all: bool = True


NOTHING = AskedBeside()


@frozen
class _Sources:
    """What a view's text names: surely, where it could be read; all of it, where it was found."""

    tables: tuple[int, ...]
    are_sure: bool
    are_all: bool


class GuardedViews:
    """The marked views of one snapshot. Where it has none, no text is read."""

    def __init__(self, lookup: Looked, properties: Any) -> None:
        """properties: the snapshot's `table_properties`."""
        self._lookup = lookup
        self._properties = properties
        self._sources: dict[int, _Sources] = {}
        self._asked: dict[int, AskedBeside] = {}

    @cached_property
    def marked(self) -> frozenset[int]:
        """The tables that are marked. Case does not matter to Hive."""
        rows = self._properties
        chosen = rows.filter(pc.equal(rows["key"], PROPERTY))
        found = zip(chosen["table"].to_pylist(), chosen["value"].to_pylist(), strict=True)
        return frozenset(table for table, value in found if (value or "").lower() == "false")

    def asked_beside(self, view: int) -> AskedBeside:
        """What Hive asks about beside a view, when somebody reads it."""
        if not self.marked or view >= self._lookup.rows("tables").count:
            return NOTHING
        found = self._asked.get(view)
        if found is None:
            found = self._asked[view] = self._walk(view)
        return found

    def affected(self) -> Iterator[int]:
        """Every view of which more than its own grants decides."""
        if not self.marked:
            return
        tables = self._lookup.rows("tables")
        for table, kind in enumerate(tables.slice("kind", 0, tables.count)):
            if kind == _KIND and self.asked_beside(table) != NOTHING:
                yield table

    def _walk(self, start: int) -> AskedBeside:
        asked: set[int] = set()
        is_all = True
        known = {start: True}  # view → whether it is surely under the one asked about
        waiting = [start]
        while waiting:
            view = waiting.pop()
            sources = self._read(view)
            is_sure = known[view] and sources.are_sure
            if view in self.marked:
                asked.update(sources.tables if is_sure else ())
                is_all = is_all and is_sure and sources.are_all
            for source in sources.tables:
                if source not in known and self._is_view(source):
                    known[source] = is_sure
                    waiting.append(source)
        return AskedBeside(tuple(sorted(asked)), is_all)

    def _is_view(self, table: int) -> bool:
        return bool(self._lookup.rows("tables").value("kind", table) == _KIND)

    def _read(self, view: int) -> _Sources:
        found = self._sources.get(view)
        if found is None:
            found = self._sources[view] = self._parse(view)
        return found

    def _parse(self, view: int) -> _Sources:
        rows = self._lookup.rows("tables")
        text = rows.value("view_text", view)
        if text is None:
            return _Sources((), are_sure=False, are_all=False)
        written = self._lookup.rows("view_texts").value("text", text)
        every = self._lookup.properties(view)
        said = {key: str(every[key]) for key in PROPERTIES if every.get(key)}
        database = self._lookup.database_name(rows.value("database", view))
        asked = View(view, database.catalog, database.database, namespace(said), "")
        parse = parse_view(written, dialect(said))
        places = [self._find(name, asked) for name in parse.sources]
        tables = tuple(sorted({place for place in places if place is not None}))
        return _Sources(tables, are_sure=not parse.error, are_all=None not in places)

    def _find(self, name: Any, view: View) -> int | None:
        for candidate in candidates(name, view):
            place = self._lookup.find(ObjectName(*candidate))
            if place is not None and place.table is not None:
                return int(place.table)
        return None
