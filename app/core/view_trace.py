"""Which tables each view reads, and which of their columns reach which of its own.

`trace_views` leaves temp tables in the engine:

- `view_edges(view, source, known_by)`: the view's text says so (`text`), the source of a
  materialized view is recorded (`recorded`), or the text could not be parsed and holds a
  name of that table (`scan`)
- `view_flows(view, source, source_column, view_column)`: numbers of column names; a null
  source_column is any column, a null view_column the whole view
- `view_wholes(view, source)`: every column comes through under its own name, but those in
  `view_left_out(view, source, column)`
- `view_columns(view, position, name)`: the columns of the views
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from app.core.engine import Engine
from app.core.names import DEFAULT_CATALOG, fold
from app.core.sql_text import among, literal
from app.core.view_names import PROPERTIES, View, candidates, dialect, namespace
from app.core.view_text import (
    COLUMN,
    LEFT_OUT,
    SOURCE,
    VIEW,
    WHOLE,
    SourceName,
    ViewParse,
    ViewParses,
    parse_key,
    parse_rows,
    parse_view,
)

_TABLES = {
    "view_edges": "view INTEGER, source INTEGER, known_by VARCHAR",
    "view_flows": "view INTEGER, source INTEGER, source_column INTEGER, view_column INTEGER",
    "view_wholes": "view INTEGER, source INTEGER",
    "view_left_out": 'view INTEGER, source INTEGER, "column" INTEGER',
    "view_columns": "view INTEGER, position INTEGER, name INTEGER",
}


@dataclass
class ViewTrace:
    """What came of tracing."""

    views: int = 0
    parsed_now: int = 0  # distinct texts that no earlier run had parsed
    unparsed: list[tuple[int, str]] = field(default_factory=list)  # view, why not
    missing_sources: int = 0  # names in views that no table of the snapshot has
    reached: set[int] = field(default_factory=set)  # the asked tables and all they read


def trace_views(
    engine: Engine, parses: ViewParses, only_tables: Sequence[int] | None = None
) -> ViewTrace:
    """Trace all views, or those among some tables and whatever they read."""
    for name, columns in _TABLES.items():
        engine.run(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
    return _Tracer(engine, parses).run(only_tables)


class _Tracer:
    def __init__(self, engine: Engine, parses: ViewParses) -> None:
        self.engine = engine
        self.parses = parses
        self.trace = ViewTrace()
        self.known: pa.Table | None = None
        self.databases: dict[tuple[str, str], int] = {}
        self.database_names: dict[int, tuple[str, str]] = {}

    def run(self, only_tables: Sequence[int] | None) -> ViewTrace:
        if only_tables is None:
            self.step(None)
            return self.trace
        frontier = set(only_tables)
        while frontier:
            self.trace.reached |= frontier
            frontier = self.step(sorted(frontier)) - self.trace.reached
        return self.trace

    def step(self, tables: list[int] | None) -> set[int]:
        """Trace the views among some tables (None: all); return what they read."""
        found = self.engine.query(
            "SELECT ordinal, database, view_text FROM tables WHERE view_text IS NOT NULL"
            + ("" if tables is None else f" AND {among('ordinal', tables)}")
        )
        if found.num_rows:
            self.read(found)
        self.recorded(tables)
        if tables is None:
            return set()
        sources = self.engine.query(
            f"SELECT DISTINCT source FROM view_edges WHERE {among('view', tables)}"
        )
        return set(sources["source"].to_pylist())

    def read(self, found: pa.Table) -> None:
        """Parse the texts of views, find their sources, and follow their columns."""
        if self.known is None:
            self.known = self.parses.known()
            self.load_databases()
        views = self.views(found)
        self.trace.views += len(views)
        keys = pa.array(sorted({view.key for view in views}), pa.string())
        rows = self.known.filter(pc.is_in(self.known["key"], keys))
        said = rows.filter(pc.equal(rows["fact"], VIEW))
        reasons = dict(zip(said["key"].to_pylist(), said["name"].to_pylist(), strict=True))
        widths = dict(zip(said["key"].to_pylist(), said["output"].to_pylist(), strict=True))
        self.trace.unparsed += [
            (view.view, reasons[view.key]) for view in views if reasons[view.key]
        ]
        self.resolve(views, rows, reasons)
        self.follow(views, rows, widths)

    def views(self, found: pa.Table) -> list[View]:
        ordinals = found["ordinal"].to_pylist()
        rows = found["view_text"].to_pylist()
        properties = self.properties(ordinals)
        texts = self.texts(rows)
        dialects = [dialect(properties.get(view, {})) for view in ordinals]
        wanted = dict.fromkeys(zip(rows, dialects, strict=True))
        keys = {one: parse_key(texts.get(one[0], ""), one[1]) for one in wanted}
        self.parse_new({key: (texts.get(row, ""), way) for (row, way), key in keys.items()})
        views = []
        for view, database, row, written in zip(
            ordinals, found["database"].to_pylist(), rows, dialects, strict=True
        ):
            catalog, name = self.database_names[database]
            said = namespace(properties.get(view, {}))
            views.append(View(view, catalog, name, said, keys[row, written]))
        return views

    def load_databases(self) -> None:
        found = self.engine.query("SELECT ordinal, catalog, name FROM databases")
        for row in found.to_pylist():
            name = (fold(row["catalog"] or DEFAULT_CATALOG), fold(row["name"]))
            self.databases[name] = row["ordinal"]
            self.database_names[row["ordinal"]] = name

    def properties(self, views: list[int]) -> dict[int, dict[str, str]]:
        """What says in which dialect a view is written, and where unqualified names are."""
        keys = ", ".join(literal(key) for key in PROPERTIES)
        found = self.engine.query(
            f'SELECT "table", key, value FROM table_properties WHERE key IN ({keys}) '
            f'AND "table" BETWEEN {min(views)} AND {max(views)}'
        )
        properties: dict[int, dict[str, str]] = {}
        for row in found.to_pylist():
            properties.setdefault(row["table"], {})[row["key"]] = row["value"] or ""
        return properties

    def texts(self, rows: list[int]) -> dict[int, str]:
        found = self.engine.query(
            "SELECT ordinal, text FROM view_texts "
            f"WHERE ordinal BETWEEN {min(rows)} AND {max(rows)}"
        )
        texts = zip(found["ordinal"].to_pylist(), found["text"].to_pylist(), strict=True)
        return {row: text or "" for row, text in texts}

    def parse_new(self, texts: Mapping[str, tuple[str, str]]) -> None:
        """Parse what no earlier run did, and keep it."""
        assert self.known is not None
        views = self.known.filter(pc.equal(self.known["fact"], VIEW))
        have = set(views["key"].to_pylist())
        new = {key: text for key, text in texts.items() if key not in have}
        if not new:
            return
        parses: dict[str, ViewParse] = {}
        for key, (text, written) in new.items():
            parses[key] = parse_view(text, written)
        rows = parse_rows(parses)
        self.parses.keep(rows)
        self.known = pa.concat_tables([self.known, rows])
        self.trace.parsed_now += len(new)

    def resolve(self, views: list[View], rows: pa.Table, errors: Mapping[str, str]) -> None:
        """`view_resolved(view, number, source)`: the tables behind the names in views."""
        sources: dict[str, list[tuple[int, SourceName]]] = {}
        named = rows.filter(pc.equal(rows["fact"], SOURCE))
        for row in named.select(["key", "source", "catalog", "database", "table"]).to_pylist():
            name = SourceName(row["catalog"], row["database"], row["table"])
            sources.setdefault(row["key"], []).append((row["source"], name))
        rows_asked = [
            (view.view, number, rank, self.databases[place], table)
            for view in views
            for number, name in sources.get(view.key, ())
            for rank, (*where, table) in enumerate(candidates(name, view))
            if (place := (where[0], where[1])) in self.databases
        ]
        self.give(
            "view_candidates",
            rows_asked,
            view=pa.int32(),
            number=pa.int32(),
            rank=pa.int32(),
            database=pa.int32(),
            name=pa.string(),
        )
        self.engine.run(
            """
            CREATE OR REPLACE TEMP TABLE view_resolved AS
            SELECT view, number, source FROM (
                SELECT c.view, c.number, t.ordinal AS source,
                       row_number() OVER (PARTITION BY c.view, c.number ORDER BY c.rank) AS choice
                FROM view_candidates AS c
                JOIN tables AS t ON t.database = c.database AND t.name = c.name
            ) AS found
            WHERE choice = 1
            """
        )
        scanned = [(view.view,) for view in views if errors[view.key]]
        self.give("views_scanned", scanned, view=pa.int32())
        self.engine.run(
            """
            INSERT INTO view_edges
            SELECT DISTINCT r.view, r.source, CASE WHEN s.view IS NULL THEN 'text' ELSE 'scan' END
            FROM view_resolved AS r LEFT JOIN views_scanned AS s ON s.view = r.view
            WHERE r.view <> r.source
            """
        )
        resolved = self.engine.query(
            "SELECT count(*) AS n FROM view_resolved "
            "WHERE view NOT IN (SELECT view FROM views_scanned)"
        )["n"][0].as_py()
        parsed = (view for view in views if not errors[view.key])
        names = sum(len(sources.get(view.key, ())) for view in parsed)
        self.trace.missing_sources += names - resolved

    def follow(self, views: list[View], rows: pa.Table, widths: Mapping[str, int]) -> None:
        """`view_columns`, `view_flows`, `view_wholes` and `view_left_out`."""
        self.give(
            "views_now",
            [(view.view, view.key, widths[view.key]) for view in views],
            view=pa.int32(),
            key=pa.string(),
            width=pa.int32(),
        )
        self.engine.give("view_parses", rows.drop_columns(["catalog", "database", "table"]))
        self.engine.run(
            'INSERT INTO view_columns SELECT "table", position, name FROM columns '
            'WHERE "table" IN (SELECT view FROM views_now)'
        )
        said = (
            "FROM view_parses AS p JOIN views_now AS v ON v.key = p.key "
            "JOIN view_resolved AS r ON r.view = v.view AND r.number = p.source "
            "AND r.source <> r.view"
        )
        self.engine.run(
            f"""
            INSERT INTO view_flows
            SELECT DISTINCT r.view, r.source, n.ordinal, coalesce(same.name, placed.name)
            {said}
            LEFT JOIN column_names AS n ON lower(n.name) = p."column"
            LEFT JOIN (
                SELECT c.view, c.name, lower(o.name) AS folded
                FROM view_columns AS c JOIN column_names AS o ON o.ordinal = c.name
            ) AS same ON same.view = r.view AND same.folded = p.name
            LEFT JOIN (
                SELECT c.view, c.position, c.name, count(*) OVER (PARTITION BY c.view) AS width
                FROM view_columns AS c
            ) AS placed ON placed.view = r.view AND placed.position = p.output
                AND placed.width = v.width
            WHERE p.fact = {COLUMN} AND (n.ordinal IS NOT NULL OR p."column" = '*')
            """
        )
        self.engine.run(
            f"INSERT INTO view_wholes SELECT DISTINCT r.view, r.source {said} "
            f"WHERE p.fact = {WHOLE}"
        )
        self.engine.run(
            f"INSERT INTO view_left_out SELECT DISTINCT r.view, r.source, n.ordinal {said} "
            f'JOIN column_names AS n ON lower(n.name) = p."column" WHERE p.fact = {LEFT_OUT}'
        )

    def recorded(self, tables: list[int] | None) -> None:
        """What materialized views are recorded to be made from, where no text says it."""
        self.engine.run(
            """
            INSERT INTO view_edges
            SELECT DISTINCT s."table", s.source, 'recorded' FROM view_sources AS s
            LEFT JOIN view_edges AS e ON e.view = s."table" AND e.source = s.source
            WHERE e.view IS NULL AND s."table" <> s.source
            """
            + ("" if tables is None else "AND " + among('s."table"', tables))
        )

    def give(self, table: str, rows: Sequence[tuple[object, ...]], **columns: pa.DataType) -> None:
        values = list(zip(*rows, strict=True)) or [()] * len(columns)
        arrays = [pa.array(each, kind) for each, kind in zip(values, columns.values(), strict=True)]
        self.engine.give(table, pa.table(arrays, names=list(columns)))
