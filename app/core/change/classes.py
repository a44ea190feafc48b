"""The classes of tables before and after a change: by rules, and by the data they hold.

What is renamed or described anew keeps the classes it had: a name does not change data.
"""

from collections.abc import Iterable, Mapping, Sequence

from app.core.change.causes import Holding
from app.core.change.classing import TableFacts, classes_by_rules
from app.core.change.lookup import ChangedLookup
from app.core.change.tables import How
from app.core.classes import Classification
from app.core.lake_view import ClassOnTable, LakeView
from app.core.lookup import Lookup

#: So many tables are classified by themselves; more are left to the engine.
FEW = 200_000
_SHOWS_OTHERS = ("VIRTUAL_VIEW", "MATERIALIZED_VIEW")

Classes = tuple[ClassOnTable, ...]


class ChangedClasses:
    """Classes of tables by ordinal, on both sides of a change; each found once."""

    def __init__(
        self,
        base: LakeView,
        lookup: ChangedLookup,
        holdings: Mapping[int, Sequence[Holding]],
        classification: Classification | None,
    ) -> None:
        self._base = base
        self._lookup = lookup
        self._holdings = holdings
        self._classification = classification
        self._before: dict[int, Classes] = {}
        self._after: dict[int, Classes] = {}

    def before(self, tables: tuple[int, ...]) -> Mapping[int, Classes]:
        """The classes of tables of the snapshot; none of what it does not have."""
        known = [table for table in tables if not self._lookup.is_new_table(table)]
        missing = [table for table in known if table not in self._before]
        plain: list[int] = []
        if self._classification is not None and len(missing) <= FEW:
            kinds = self._base.lookup.rows("tables")
            plain = [each for each in missing if kinds.value("kind", each) not in _SHOWS_OTHERS]
        if plain:
            assert self._classification is not None
            of_databases: dict[int, dict[str, str | None]] = {}
            facts = [described(self._base.lookup, table, of_databases) for table in plain]
            found = classes_by_rules(facts, self._classification)
            self._before.update(zip(plain, found, strict=True))
        rest = tuple(table for table in missing if table not in self._before)
        if rest:
            self._before.update(self._base.classes_of(rest))
        return {table: self._before.get(table, ()) for table in tables}

    def after(self, tables: tuple[int, ...]) -> Mapping[int, Classes]:
        """The classes after the change."""
        found = {
            table: classes
            for table, classes in self.before(tables).items()  # all at once: each rule once
            if table not in self._lookup.tables
        }
        for table in tables:
            if table not in found:
                found[table] = self._of(table, frozenset())
        return found

    def by_name(self, table: int) -> Classes:
        """What rules say of a table as the change describes it."""
        if self._classification is None:
            return ()
        return classes_by_rules([described(self._lookup, table)], self._classification)[0]

    def _of(self, table: int, above: frozenset[int]) -> Classes:
        """`above` are the tables whose classes are being found: a circle ends there."""
        if table not in self._lookup.tables:
            return self.before((table,))[table]
        if table in self._after:
            return self._after[table]
        if table in above:
            return ()
        changed = self._lookup.tables[table]
        held = self._holdings.get(table, ())
        found = list(self.before((table,))[table])
        if any(each.how is How.VIEW for each in held):
            found = [each for each in found if not each.inherited_from]
        if changed.described_anew:
            found += self.by_name(table)
        for each in held:
            found += self._inherited(table, each, above | {table})
        classes = tuple(dict.fromkeys(found))
        if not above:
            self._after[table] = classes
        return classes

    def _inherited(
        self, table: int, held: Holding, above: frozenset[int]
    ) -> Iterable[ClassOnTable]:
        columns = {name for name, _ in self._lookup._columns(table)}
        for number, source in enumerate(held.sources):
            if source is None or source == table:
                continue
            base = str(self._lookup.table_name(source))
            for each in self._of(source, above):
                from_table = each.inherited_from or base
                if not each.column or held.parse.error:
                    yield ClassOnTable(each.data_class, each.rule, "", from_table)
                    continue
                for name in _outputs(held, number, each.column):
                    known = name if name in columns else ""
                    yield ClassOnTable(each.data_class, each.rule, known, from_table)


def _outputs(held: Holding, source: int, column: str) -> Iterable[str]:
    """The columns that are made from one of a source's; empty where nobody can tell."""
    from app.core.view_text import ANY_COLUMN  # the parser of queries, which few changes need

    for output in held.parse.outputs:
        if (source, column) in output.columns or (source, ANY_COLUMN) in output.columns:
            yield output.name
    for whole in held.parse.reads_all_of:
        if whole.source == source and column not in whole.left_out:
            yield column


def described(
    lookup: Lookup, table: int, of_databases: dict[int, dict[str, str | None]] | None = None
) -> TableFacts:
    """What rules may ask of a table, as a lookup has it.

    of_databases: properties of databases that were read before; others are added.
    """
    name = lookup.table_name(table)
    changed = lookup.tables.get(table) if isinstance(lookup, ChangedLookup) else None
    if changed is not None:
        owner, location, database = changed.owner, changed.location, changed.database
    else:
        rows = lookup.rows("tables")
        owner, location = rows.value("owner", table), rows.value("location", table)
        database = rows.value("database", table)
    known = {} if of_databases is None else of_databases
    if database not in known:
        known[database] = _database_properties(lookup, database)
    return TableFacts(
        catalog=name.catalog,
        database=name.database,
        name=name.table,
        owner=owner,
        location=location,
        columns=lookup.columns(table),
        properties=lookup.properties(table),
        database_properties=known[database],
    )


def _database_properties(lookup: Lookup, database: int) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    rows = lookup.rows("database_properties")
    if database < lookup.rows("databases").count:
        start, stop = (rows.first(("database",), (at,)) for at in (database, database + 1))
        keys, values = rows.slice("key", start, stop), rows.slice("value", start, stop)
        found.update(zip(keys, values, strict=True))
    if isinstance(lookup, ChangedLookup) and database in lookup.databases:
        for key, value in lookup.databases[database].properties.items():
            found[key] = value
            if value is None:
                del found[key]
    return found
