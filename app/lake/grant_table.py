"""Builds `rules`, `grantors` and `grants` from recorded grants."""

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
    take_rows,
)

_DATABASE_LEVEL = GRANT_LEVELS.index("database")
_LEVELS_WITHOUT_OBJECT = ("global", "connector")


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
    grants = _grants(facts, level, object_ordinal, rule, grantor)
    return {"rules": rules, "grantors": grantors, "grants": grants}, settings


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


def _grants(
    facts: pa.Table, level: pa.Array, object_ordinal: pa.Array, rule: pa.Array, grantor: pa.Array
) -> pa.Table:
    places = {name: ranked(facts[name]) for name in ("column", "partition", "connector")}
    said = pack(
        [
            number_key(level),
            number_key(object_ordinal),
            *(place.key() for place in places.values()),
            number_key(rule),
        ]
    )
    once = [number_key(facts[name]) for name in ("create_time", "source_row")]
    grants = pa.table(
        {
            "level": level,
            "object": object_ordinal,
            **{name: place.ranks for name, place in places.items()},
            "rule": rule,
            "grantor": grantor,
            "create_time": facts["create_time"],
            "source_row": facts["source_row"],
        }
    )
    rows = order([*said, number_key(grantor), *once])
    grants = take_rows(grants, rows)
    if rows is not None:
        said = [Key(word.values.take(rows), word.size) for word in said]
    for name, place in places.items():
        position = grants.schema.get_field_index(name)
        grants = grants.set_column(position, name, _strings(place, grants[name]))
    grants = grants.append_column("repeated", same_as_before(said))
    return grants.cast(LAYOUT["grants"])


def _strings(column: Ranked, ranks: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if len(column.values) == 0:
        return pa.nulls(len(ranks), pa.string())
    return column.values.take(ranks)


def _values_at(column: Ranked, rows: pa.Array) -> pa.Array:
    return column.values.take(column.ranks.take(rows))
