"""Which views, materialized views, copies and aliases of a table there are.

Answers, for one table or view, what else shows its data: views on it, views on those, to
any depth; probable copies; tables over the same files. For a view also what it reads.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.copies import copies_of, same_places
from app.core.engine import Engine
from app.core.view_text import ViewParses
from app.core.view_trace import trace_views

#: How an edge is known, in words.
KNOWN_BY = {
    "text": "its view text selects from it",
    "recorded": "the lake records it as a source of this materialized view",
    "scan": "its view text cannot be parsed and holds this name",
}

MATERIALIZED_VIEW = "MATERIALIZED_VIEW"


@dataclass(frozen=True, slots=True)
class LineageRow:
    """One relative of a table."""

    table: int
    relation: str  # view | materialized view | reads | copy | … location (core.copies)
    depth: int  # 1 for what is directly on it; 0 for copies and locations
    through: int | None  # the table between, nearer to the one asked about
    known_by: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """All relatives found, and what might be missing from them."""

    rows: tuple[LineageRow, ...]
    unparsed: tuple[tuple[int, str], ...]  # views whose text cannot be parsed, and why

    @property
    def unparsed_views(self) -> int:
        """How many views of the lake have a text that cannot be parsed."""
        return len(self.unparsed)


def lineage(engine: Engine, view_parses: ViewParses, table: int) -> Lineage:
    """The relatives of one table: upstream, downstream, copies, shared locations."""
    traced = trace_views(engine, view_parses)
    edges = engine.query("SELECT view, source, known_by FROM view_edges").to_pylist()
    kinds = _kinds(engine)
    down: dict[int, dict[int, str]] = {}
    up: dict[int, dict[int, str]] = {}
    for edge in edges:
        down.setdefault(edge["source"], {})[edge["view"]] = edge["known_by"]
        up.setdefault(edge["view"], {})[edge["source"]] = edge["known_by"]
    rows = [
        LineageRow(
            row.table,
            "materialized view" if kinds.get(row.table) == MATERIALIZED_VIEW else "view",
            row.depth,
            row.through,
            row.known_by,
        )
        for row in _walk(down, table, "view")
    ]
    rows += _walk(up, table, "reads")
    related = {row.table for row in rows}
    for each in (*same_places(engine, table), *copies_of(engine, table)):
        if each.relation != "copy" or each.table not in related:
            rows.append(LineageRow(each.table, each.relation, 0, None, each.known_by))
    return Lineage(tuple(rows), tuple(sorted(traced.unparsed)))


def _kinds(engine: Engine) -> dict[int, str]:
    found = engine.query(
        "SELECT ordinal, kind FROM tables WHERE ordinal IN (SELECT view FROM view_edges)"
    )
    return dict(zip(found["ordinal"].to_pylist(), found["kind"].to_pylist(), strict=True))


def _walk(edges: Mapping[int, Mapping[int, str]], start: int, relation: str) -> list[LineageRow]:
    """Everything reachable, nearest first, each once."""
    rows: list[LineageRow] = []
    seen = {start}
    waiting = deque([(start, 0)])
    while waiting:
        here, depth = waiting.popleft()
        for there, known_by in sorted(edges.get(here, {}).items()):
            if there in seen:
                continue
            seen.add(there)
            through = here if depth else None
            rows.append(LineageRow(there, relation, depth + 1, through, KNOWN_BY[known_by]))
            waiting.append((there, depth + 1))
    return rows
