"""Everything one user holds a right on, over the whole lake, without looking at each table.

Tables on which the same of the user's rules stand are decided once, like in an audit; but
only rules that reach this user are looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from app.core import rule_facts, search
from app.core.engine import Engine
from app.core.lake_view import ClassOnTable, LakeView, class_names
from app.core.lookup import Place
from app.core.questions import NO, YES
from app.core.reach import OneUserReach
from app.core.reasons import ALLOWED, UNKNOWN
from app.core.sql_text import literal

#: Rights that ownership gives, or that Hive asks nothing for.
_BY_OWNER = ("own", "alter", "drop", "index")

Key = tuple[int, int]  # (database ordinal, table ordinal; -1 for the database itself)


@dataclass(frozen=True)
class HeldObject:
    """One object on which the user holds the right, or parts of it."""

    key: Key
    object: str
    scope: str  # database | table
    answer: str  # allowed | unknown
    permitted: str  # yes | no
    classes: tuple[str, ...]
    columns: tuple[str, ...]  # those he reaches, when it is not the whole table
    via: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    word: str  # allowed, unknown, or empty: nothing on the whole
    columns: tuple[str, ...]
    via: tuple[str, ...]


def what_can(
    engine: Engine,
    view: LakeView,
    user: str,
    right: str,
    classes_of: Callable[[tuple[int, ...]], Any],
    *,
    not_allowed: bool = False,
    after: Key = (-1, -1),
) -> Iterator[HeldObject]:
    """Yield the objects after a key, databases before their tables, in order of name.

    engine: a fresh one with the view's snapshot open. classes_of: the classes of some
    tables. not_allowed: leave out what policy allows the user.
    """
    reach = view.one_user(user)
    groups = _decide_groups(engine, view, user, right, reach)
    rows = engine.query(
        f"""
        SELECT t.database, u.table_ordinal, u."group" FROM user_tables u
        JOIN tables t ON t.ordinal = u.table_ordinal
        WHERE t.database > {after[0]} OR (t.database = {after[0]} AND t.ordinal > {after[1]})
        ORDER BY 2
        """
    )
    kept = [
        (database, table, groups[group])
        for database, table, group in zip(
            *(rows[name].to_pylist() for name in rows.schema.names), strict=True
        )
        if groups[group].word or groups[group].columns
    ]
    for held in _merged(
        _databases(view, user, right, reach, after), _tables(view, kept, right, user, classes_of)
    ):
        if not (not_allowed and held.permitted == YES):
            yield held


def _merged(databases: Iterator[HeldObject], tables: Iterator[HeldObject]) -> Iterator[HeldObject]:
    waiting = next(databases, None)
    for table in tables:
        while waiting is not None and waiting.key < table.key:
            yield waiting
            waiting = next(databases, None)
        yield table
    while waiting is not None:
        yield waiting
        waiting = next(databases, None)


def _databases(
    view: LakeView, user: str, right: str, reach: OneUserReach, after: Key
) -> Iterator[HeldObject]:
    for ordinal in range(view.lookup.rows("databases").count):
        if (ordinal, -1) <= after:
            continue
        place = Place(view.lookup.database_name(ordinal), ordinal)
        holders = view.holders(right, place, reach)
        if holders.possible:
            allowed, _ = view.decide_one(user, ("unclassified",), right)
            yield HeldObject(
                (ordinal, -1),
                str(place.name),
                "database",
                ALLOWED if holders.sure else UNKNOWN,
                YES if allowed else NO,
                (),
                (),
                (),
            )


def _tables(
    view: LakeView,
    kept: Sequence[tuple[int, int, _Group]],
    right: str,
    user: str,
    classes_of: Callable[[tuple[int, ...]], Any],
) -> Iterator[HeldObject]:
    start, size = 0, 200
    while start < len(kept):
        part = kept[start : start + size]
        # A page is answered soon, and a long answer is classified in few steps.
        start, size = start + size, min(2 * size, 25_000)
        classes = classes_of(tuple(table for _, table, _ in part))
        for database, table, group in part:
            held: tuple[ClassOnTable, ...] = classes.get(table, ())
            if group.columns:
                held = tuple(each for each in held if each.column in ("", *group.columns))
            allowed, _ = view.decide_one(user, class_names(held), right)
            yield HeldObject(
                (database, table),
                str(view.lookup.table_name(table)),
                "table",
                group.word or ALLOWED,
                YES if allowed else NO,
                tuple(sorted({each.data_class for each in held})),
                group.columns,
                group.via,
            )


def _decide_groups(
    engine: Engine, view: LakeView, user: str, right: str, reach: OneUserReach
) -> dict[int, _Group]:
    """Leave `user_tables(table_ordinal, group)`; decide each group on one table."""
    mode = view.mode
    principals = sorted(reach.principals)
    engine.give(
        "user_principals",
        pa.table(
            {
                "principal_type": pa.array([kind for kind, _ in principals], pa.string()),
                "principal": pa.array([name for _, name in principals], pa.string()),
            }
        ),
    )
    rule_facts.load_effective_grants(engine, mode)
    search.load_parted_tables(engine, mode, view.lookup.guarded)
    open_to_all = right == "lock" or not mode.inherited_levels
    by_owner = "true" if right in _BY_OWNER else "false"
    engine.run(
        f"""
        CREATE OR REPLACE TEMP TABLE user_tables AS
        WITH mine AS (
            SELECT r.ordinal AS rule FROM rules r SEMI JOIN user_principals p
            ON r.principal_type = p.principal_type AND r.principal = p.principal
        ), standing AS (
            SELECT g.table_ordinal, list_sort(list(DISTINCT g.rule::BIGINT * 8 + g.level)) AS rules
            FROM effective_grants g SEMI JOIN mine USING (rule) GROUP BY 1
        ), owning AS (
            -- a mode looks at the owner's name alone, or at what the owner is as well
            SELECT t.ordinal AS table_ordinal, t.owner = {literal(user)} AS by_name,
                   p.principal_type, p.principal
            FROM tables t LEFT JOIN user_principals p
              ON p.principal_type = coalesce(t.owner_type, 'USER') AND p.principal = t.owner
            WHERE {by_owner} AND (t.owner = {literal(user)} OR p.principal IS NOT NULL)
        ), wanted AS (
            SELECT t.ordinal AS table_ordinal, coalesce(s.rules, []) AS rules,
                   o.by_name, o.principal_type, o.principal,
                   CASE WHEN t.kind LIKE '%_VIEW' THEN t.kind END AS view_kind,
                   CASE WHEN p.table_ordinal IS NULL THEN -1 ELSE t.ordinal END AS alone
            FROM tables t LEFT JOIN standing s ON s.table_ordinal = t.ordinal
            LEFT JOIN owning o ON o.table_ordinal = t.ordinal
            LEFT JOIN parted_tables p ON p.table_ordinal = t.ordinal
            WHERE {"true" if open_to_all else "false"} OR s.rules IS NOT NULL
               OR o.table_ordinal IS NOT NULL OR p.table_ordinal IS NOT NULL
        )
        SELECT table_ordinal, dense_rank() OVER (
                   ORDER BY rules, by_name, principal_type, principal, view_kind, alone
               )::INTEGER AS "group" FROM wanted
        """
    )
    found = engine.query(
        'SELECT "group", min(table_ordinal) AS t FROM user_tables GROUP BY 1 ORDER BY 1'
    )
    return {
        group: _decide(view, table, right, reach)
        for group, table in zip(found["group"].to_pylist(), found["t"].to_pylist(), strict=True)
    }


def _decide(view: LakeView, table: int, right: str, reach: OneUserReach) -> _Group:
    grants = view.lookup.table_grants(table, view.mode.inherited_levels)
    whole = view.mode.on_table(right, grants, reach)
    columns: tuple[str, ...] = ()
    if not whole.possible and view.mode.has_parts and right == "select":
        columns = tuple(
            name
            for name in grants.columns
            if view.mode.on_column(right, grants, name, reach).possible
        )
    via = []
    for grant in grants.grants:
        meaning = view.mode.meaning(
            grant.level,
            grant.principal_type,
            grant.principal,
            grant.privilege,
            grant.grant_option,
            grant.authorizer,
        )
        if (
            right in meaning.gives
            and reach.principal(grant.principal_type, grant.principal).possible
        ):
            via.append(f"{grant.principal_type.lower()}:{grant.principal}")
    word = ALLOWED if whole.sure else UNKNOWN if whole.possible else ""
    return _Group(word, columns, tuple(dict.fromkeys(via)))
