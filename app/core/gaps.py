"""Gaps of a run: what was not read, and what it hides from the comparison with before."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.core.engine import Engine
from app.core.facts import SOURCE_TABLES
from app.core.population import Population
from app.core.rights.mode import AuthorizationMode
from app.core.sql_text import literal

Gap = dict[str, Any]


def recorded_gaps(engine: Engine) -> list[Gap]:
    """The gaps of the snapshot."""
    rows: list[Gap] = engine.query("SELECT * FROM gaps ORDER BY ALL").to_pylist()
    return rows


def judged_gaps(
    engine: Engine, mode: AuthorizationMode, population: Population, engine_groups: str | None
) -> list[Gap]:
    """What the snapshot holds and this audit cannot judge."""
    found: list[Gap] = []
    tables = engine.query("SELECT count(*) AS n FROM tables")["n"][0].as_py()
    if not tables:
        found.append(
            _gap("lake", "", "the lake has no tables", "Whether this is the right metastore")
        )
    if not population.directory_known:
        found.append(
            _gap(
                "directory",
                "",
                "there is no directory of people",
                "Head counts, leavers, unknown principals and what policy allows groups",
            )
        )
    if mode.uses_groups and engine_groups is None:
        found += _group_gaps(engine)
    return found


def _group_gaps(engine: Engine) -> list[Gap]:
    rows = engine.query(
        "SELECT count(*) AS n FROM (SELECT principal FROM rules WHERE principal_type = 'GROUP' "
        "UNION SELECT member FROM role_members WHERE member_type = 'GROUP')"
    )
    count = rows["n"][0].as_py()
    if not count:
        return []
    return [
        _gap(
            "grants",
            "",
            f"{count} groups hold grants or roles, and nobody said whether the engine sees groups",
            'What their members can do. Set groups = "directory" or "none" for the lake',
        )
    ]


def _gap(scope: str, name: str, reason: str, doubt: str) -> Gap:
    return {"scope": scope, "object": name, "reason": reason, "doubt": doubt}


def shadow_condition(gaps: Sequence[Mapping[str, Any]]) -> str:
    """SQL over an earlier exposure `e`: whether one of the gaps hides its object.

    An opaque group hides nothing of a table: it counts as its worst case already.
    """
    conditions = ["false"]
    for gap in gaps:
        scope, name = gap["scope"], gap["object"]
        if scope in ("lake", "grants") or (scope == "directory" and not name):
            return "true"
        if scope == "directory":
            conditions.append(f"(e.scope = 'principal' AND e.object = {literal(name)})")
        elif scope == "database":
            conditions.append(f"e.database = {literal(name)}")
        else:
            conditions.append(f"e.object = {literal(name)}")
    return " OR ".join(dict.fromkeys(conditions))


_UNREAD = re.compile(r"there is no table (\w+)|(\w+) may not be read|(\w+): \d+ values")
_OF_MEMBERSHIPS = frozenset({"ROLES", "ROLE_MAP"})
_OF_PARTS = frozenset({"COLUMNS_V2", "SDS", "PARTITIONS", "PARTITION_KEYS", "TABLE_PARAMS"})
_PART_LEVELS = ("column", "partition", "partition_column")


def unread_grants(gaps: Iterable[Mapping[str, Any]], mode: AuthorizationMode) -> str:
    """Why "no grant reaches the user" may be wrong; empty where it can be trusted.

    That is when rows by which the mode decides could not be read: a denial is then unknown.
    """
    if not mode.inherited_levels:
        return ""
    levels = (*mode.inherited_levels, *(_PART_LEVELS if mode.has_parts else ()))
    deciding = {SOURCE_TABLES[level] for level in levels} | _OF_MEMBERSHIPS
    if mode.has_parts:
        deciding |= _OF_PARTS
    for gap in gaps:
        found = _UNREAD.match(gap["reason"])
        if gap["scope"] in ("lake", "grants") and found and deciding.intersection(found.groups()):
            return f"not all grants were read: {gap['reason']}"
    return ""
