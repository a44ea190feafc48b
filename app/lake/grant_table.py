"""Builds `rules`, `grantors` and `grants` from recorded grants."""

from collections.abc import Iterator
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from app.core.facts import GRANT_LEVELS
from app.core.id_lookup import IdLookup
from app.core.snapshots import LAYOUT
from app.lake.ordering import (
    Key,
    Ranked,
    distinct,
    number_key,
    order,
    pack,
    ranked,
    same_as_before,
)

_DATABASE_LEVEL = GRANT_LEVELS.index("database")
_LEVELS_WITHOUT_OBJECT = ("global", "connector")
_PLACES = ("column", "partition", "connector")  # where on its object a grant is
_ONCE = ("create_time", "source_row")


def grant_tables(
    facts: pa.Table, databases: IdLookup, tables: IdLookup
) -> tuple[dict[str, pa.Table], pa.Table]:
    """The tables `rules`, `grantors` and `grants`, and what was left out as settings rows."""
    level = _levels(facts["level"])
    object_ordinal = _objects(level, facts["object_id"].combine_chunks(), databases, tables)
    facts = facts.drop_columns(["level", "object_id"])
    kept = pc.or_(
        pc.is_valid(object_ordinal),
        pc.is_in(
            level, value_set=pa.array(map(GRANT_LEVELS.index, _LEVELS_WITHOUT_OBJECT), pa.int8())
        ),
    )
    settings = _dangling(level.filter(pc.invert(kept)))
    if settings.num_rows:
        facts = facts.filter(kept)
        level, object_ordinal = level.filter(kept), object_ordinal.filter(kept)
    rule, rules = _rules(facts)
    grantor, grantors = _grantors(facts)
    facts = facts.select([*_PLACES, *_ONCE])
    columns = {"level": level, "object": object_ordinal, "rule": rule, "grantor": grantor}
    return {"rules": rules, "grantors": grantors, "grants": _grants(facts, columns)}, settings


def _levels(column: pa.ChunkedArray) -> pa.Array:
    """Indices into GRANT_LEVELS (int8). Raises ValueError for a level that is none."""
    levels = ranked(column)
    codes = pc.index_in(levels.values, value_set=pa.array(GRANT_LEVELS))
    if codes.null_count or levels.ranks.null_count:
        raise ValueError(f"grant levels {levels.values.to_pylist()}, known are {GRANT_LEVELS}")
    return pc.cast(codes, pa.int8()).take(levels.ranks)


def _objects(level: pa.Array, ids: pa.Array, databases: IdLookup, tables: IdLookup) -> pa.Array:
    """IdLookup of databases at level database, none where a level has no object, else tables."""
    on_database = pc.equal(level, _DATABASE_LEVEL)
    found = pc.if_else(
        on_database, databases.positions(pc.if_else(on_database, ids, None)), tables.positions(ids)
    )
    for name in _LEVELS_WITHOUT_OBJECT:
        found = pc.if_else(pc.equal(level, GRANT_LEVELS.index(name)), None, found)
    return found


def _dangling(levels: pa.Array) -> pa.Table:
    """Grants on objects that are gone open nothing; they are counted, by level."""
    counts = [
        (GRANT_LEVELS[row["values"]], row["counts"]) for row in levels.value_counts().tolist()
    ]
    rows = [{"key": f"dangling_grants.{name}", "value": str(count)} for name, count in counts]
    return pa.Table.from_pylist(rows, schema=LAYOUT["lake_settings"])


def _rules(facts: pa.Table) -> tuple[pa.Array, pa.Table]:
    texts = {
        name: ranked(facts[name])
        for name in ("principal_type", "principal", "privilege", "authorizer")
    }
    option = facts["grant_option"].combine_chunks()
    rule, rows = distinct(
        [
            texts["principal_type"].key(),
            texts["principal"].key(),
            texts["privilege"].key(),
            number_key(option),
            texts["authorizer"].key(),
        ]
    )
    columns = {name: _values_at(column, rows) for name, column in texts.items()}
    columns["grant_option"] = option.take(rows)
    return rule, pa.table([columns[name] for name in LAYOUT["rules"].names], schema=LAYOUT["rules"])


def _grantors(facts: pa.Table) -> tuple[pa.Array, pa.Table]:
    grantor, grantor_type = ranked(facts["grantor"]), ranked(facts["grantor_type"])
    codes, rows = distinct([grantor.key(), grantor_type.key()])
    grantors = pa.table(
        [_values_at(grantor, rows), _values_at(grantor_type, rows)], schema=LAYOUT["grantors"]
    )
    return codes, grantors


def _grants(facts: pa.Table, columns: dict[str, pa.Array]) -> pa.Table:
    """`grants` in order. What is taken into it is dropped on the way, for it is large."""
    places = {name: ranked(facts[name]) for name in _PLACES}
    columns |= {name: facts[name].combine_chunks() for name in _ONCE}
    del facts
    said = pack(_said(columns, places))
    rest = (number_key(columns[name]) for name in ("grantor", *_ONCE))
    rows = order(chain(said, rest))
    found = {"repeated": same_as_before([_taken(word, rows) for word in said])}
    del said
    for name in list(columns):
        found[name] = _in_order(columns.pop(name), rows)
    for name in _PLACES:
        place = places.pop(name)
        found[name] = _strings(place, _in_order(place.ranks, rows))
    return pa.table([found[name] for name in LAYOUT["grants"].names], schema=LAYOUT["grants"])


def _said(columns: dict[str, pa.Array], places: dict[str, Ranked]) -> Iterator[Key]:
    """What a grant says and of what; two that agree in it are repeated."""
    yield number_key(columns["level"])
    yield number_key(columns["object"])
    for place in places.values():
        yield place.key()
    yield number_key(columns["rule"])


def _in_order(column: pa.Array, rows: pa.Array | None) -> pa.Array:
    return column if rows is None else column.take(rows)


def _taken(word: Key, rows: pa.Array | None) -> Key:
    return Key(_in_order(word.values, rows), word.size)


def _strings(column: Ranked, ranks: pa.Array) -> pa.Array:
    if len(column.values) == 0:
        return pa.nulls(len(ranks), pa.string())
    return column.values.take(ranks)


def _values_at(column: Ranked, rows: pa.Array) -> pa.Array:
    return column.values.take(column.ranks.take(rows))
