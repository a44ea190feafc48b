"""Turns a crawl's facts into the tables of a snapshot: ordinals, dictionaries, orders.

First the objects (databases and tables), whose order makes the ordinals; then the parts,
each from its own kinds of facts and independent of the others; at last what the others
have left to say: settings and gaps.

What refers to an object that is gone opens nothing and is left out: a grant is counted
in `lake_settings` (`dangling_grants.<level>`), a table becomes a gap.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from app.core import names
from app.core.id_lookup import IdLookup
from app.core.snapshots import LAYOUT
from app.lake.fact_store import FactStore
from app.lake.grant_table import grant_tables
from app.lake.ordering import (
    Ranked,
    column_key,
    distinct,
    number_key,
    order,
    order_unless_tied,
    ranked,
    sort_rows,
    take_rows,
    without_unused,
)

Tables = dict[str, pa.Table]

#: The kinds that the objects are built from.
OBJECT_KINDS = ("databases", "tables")

#: Kinds of facts that are a snapshot's table as they are, once sorted; of those in
#: _SETS two equal rows say no more than one.
_PLAIN = ("catalogs", "roles", "role_members", "users", "groups", "group_members")
_SETS = ("catalogs", "roles", "users", "groups", "group_members")


@dataclass(frozen=True)
class LakeObjects:
    """Databases and tables in their order, and what else was learnt on the way."""

    databases: IdLookup  # source ids → ordinals
    tables: IdLookup
    database_count: int
    table_count: int
    settings: list[pa.Table] = field(default_factory=list)  # rows for lake_settings
    gaps: list[pa.Table] = field(default_factory=list)


def build_objects(store: FactStore) -> tuple[LakeObjects, Tables]:
    """The objects, and the tables `databases`, `tables` and `view_texts`."""
    databases, database_ids = _databases(store.take("databases"))
    database_lookup = IdLookup(database_ids)
    tables, table_ids, view_texts, gaps = _tables(store.take("tables"), database_lookup)
    objects = LakeObjects(
        databases=database_lookup,
        tables=IdLookup(table_ids),
        database_count=databases.num_rows,
        table_count=tables.num_rows,
        gaps=[gaps],
    )
    return objects, {"databases": databases, "tables": tables, "view_texts": view_texts}


def _build_grants(store: FactStore, objects: LakeObjects) -> Tables:
    tables, dangling = grant_tables(store.take("grants"), objects.databases, objects.tables)
    objects.settings.append(dangling)
    return tables


def _build_columns(store: FactStore, objects: LakeObjects) -> Tables:
    return _columns(store.take("columns"), objects.tables)


def _build_properties(store: FactStore, objects: LakeObjects) -> Tables:
    return {"table_properties": _table_properties(store.take("table_properties"), objects.tables)}


#: The parts worth starting early: their kind of facts → how their tables are built.
PARTS: dict[str, Callable[[FactStore, LakeObjects], Tables]] = {
    "grants": _build_grants,
    "columns": _build_columns,
    "table_properties": _build_properties,
}


def build_rest(store: FactStore, objects: LakeObjects) -> Tables:
    """Every other table, once objects and parts are built."""
    found = {}
    lookups = {"database": objects.databases, "table": objects.tables}
    for kind, links in _LINKS.items():
        theirs = {column: lookups[what] for column, what in links.items()}
        found[kind] = _linked(kind, store.take(kind), theirs)
    for kind in _PLAIN:
        found[kind] = sort_rows(store.take(kind), unique=kind in _SETS)
    for kind, more in (("lake_settings", objects.settings), ("gaps", objects.gaps)):
        found[kind] = sort_rows(pa.concat_tables([store.take(kind), *more]), unique=True)
    return found


# kind → its id columns → whose ids they are
_LINKS = {
    "database_properties": {"database_id": "database"},
    "partitions": {"table_id": "table"},
    "view_sources": {"table_id": "table", "source_table_id": "table"},
}


def _databases(facts: pa.Table) -> tuple[pa.Table, pa.Array]:
    columns = LAYOUT["databases"].names
    keys = [column_key(facts[column]) for column in (*columns, "database_id")]
    facts = take_rows(facts, order(keys))
    return facts.select(columns), facts["database_id"].combine_chunks()


def _tables(facts: pa.Table, databases: IdLookup) -> tuple[pa.Table, pa.Array, pa.Table, pa.Table]:
    database = databases.positions(facts["database_id"].combine_chunks())
    known = pc.is_valid(database)
    gaps = _orphan_gaps(facts.filter(pc.invert(known)))
    if gaps.num_rows:
        facts, database = facts.filter(known), database.filter(known)
    view_text, view_texts = _view_texts(facts)
    keys = [
        number_key(database),
        ranked(facts["name"]).key(),
        number_key(facts["table_id"]),
    ]
    facts = facts.drop_columns(["database_id", "view_text", "view_original_text"])
    facts = facts.append_column("database", database).append_column("view_text", view_text)
    facts = take_rows(facts, order(keys))
    table_ids = facts["table_id"].combine_chunks()
    return facts.select(LAYOUT["tables"].names), table_ids, view_texts, gaps


def _orphan_gaps(orphans: pa.Table) -> pa.Table:
    rows = [
        {
            "scope": "table",
            "object": f"`?`.{names.quote(row['name'] or '')}",
            "reason": f"its database (id {row['database_id']}) is not in the metastore",
            "doubt": "Who can reach this table; Hive itself finds it under no name",
        }
        for row in orphans.select(["name", "database_id"]).to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=LAYOUT["gaps"])


def _view_texts(facts: pa.Table) -> tuple[pa.Array, pa.Table]:
    """Each table's row in `view_texts` (null for what is no view), and `view_texts`."""
    text = _not_empty(facts["view_text"])
    original = _not_empty(facts["view_original_text"])
    text = pc.coalesce(text, original)
    views = pc.indices_nonzero(pc.is_valid(text)).view(pa.int64())
    if len(views) == 0:
        return pa.nulls(facts.num_rows, pa.int32()), LAYOUT["view_texts"].empty_table()
    text, original = text.take(views), original.take(views)
    original = pc.if_else(pc.fill_null(pc.equal(text, original), False), None, original)
    texts, originals = ranked(text), ranked(original)
    codes, rows = distinct([texts.key(), originals.key()])
    view_texts = pa.table(
        [
            texts.values.take(texts.ranks.take(rows)),
            originals.values.take(originals.ranks.take(rows)),
        ],
        schema=LAYOUT["view_texts"],
    )
    return pc.scatter(codes, views, max_index=facts.num_rows - 1), view_texts


def _not_empty(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(pc.binary_length(texts), 0), None, texts)


def _columns(facts: pa.Table, tables: IdLookup) -> Tables:
    facts, table = _of_known(facts, "table_id", tables)
    place = (table, facts["position"])
    with ThreadPoolExecutor(1) as aside:  # the columns come last, when the other core is idle
        by_place = aside.submit(order_unless_tied, map(number_key, place))
        column_names = without_unused(ranked(facts["name"]))
        column_types = without_unused(ranked(facts["type"]))
    columns = pa.table(
        [*place, column_names.ranks, column_types.ranks, facts["partition_key"]],
        schema=LAYOUT["columns"],
    )
    del facts, table
    rows, tied = by_place.result()
    if tied:  # two columns at one place; hands have been there, and the names decide
        rows = order(number_key(column) for column in columns.columns)
    return {
        "column_names": _dictionary("column_names", column_names),
        "column_types": _dictionary("column_types", column_types),
        "columns": take_rows(columns, rows),
    }


def _dictionary(name: str, column: Ranked) -> pa.Table:
    return pa.table([column.values], schema=LAYOUT[name])


def _table_properties(facts: pa.Table, tables: IdLookup) -> pa.Table:
    facts, table = _of_known(facts, "table_id", tables)
    property_names = ranked(facts["key"])
    keys = [number_key(table), property_names.key()]
    values = facts["value"]
    if len(distinct(keys)[1]) < facts.num_rows:  # a key twice at one table: the value decides
        keys.append(ranked(values).key())
    properties = pa.table(
        [table, property_names.values.take(property_names.ranks), values],
        schema=LAYOUT["table_properties"],
    )
    return take_rows(properties, order(keys))


def _linked(kind: str, facts: pa.Table, lookups: dict[str, IdLookup]) -> pa.Table:
    """A small table whose id columns become ordinals; rows of unknown ids are left out."""
    for position, (column, lookup) in enumerate(lookups.items()):
        facts, found = _of_known(facts, column, lookup)
        facts = facts.set_column(position, column, found)
    return sort_rows(facts.rename_columns(LAYOUT[kind].names))


def _of_known(facts: pa.Table, column: str, lookup: IdLookup) -> tuple[pa.Table, pa.Array]:
    """The rows whose id is known, and their ordinals."""
    found = lookup.positions(facts[column].combine_chunks())
    if found.null_count == 0:
        return facts, found
    known = pc.is_valid(found)
    return facts.filter(known), found.filter(known)
