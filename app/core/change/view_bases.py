"""Whether what a view reads is still there: Hive opens a view's text when somebody reads it."""

from collections.abc import Iterator

from app.core.change.session import Session
from app.core.change.tables import VIEW
from app.core.names import DEFAULT_CATALOG
from app.core.view_names import PROPERTIES, View, candidates, dialect, namespace
from app.core.view_text import SourceName, parse_view


def missing_base(session: Session, table: int) -> str:
    """The name of something that a view reads, by itself or through views, and that is gone.

    Empty where all is there, for what is no view, and where a text cannot be read.
    Source: Hive 4.0.1, tried.
    """
    seen, waiting = {table}, [table]
    while waiting:
        view = waiting.pop()
        if session.lookup.kind(view) != VIEW:
            continue
        for name, place in _sources(session, view):
            if place is None:
                return ".".join(filter(None, (name.catalog, name.database, name.table)))
            if place not in seen:
                seen.add(place)
                waiting.append(place)
    return ""


def find_source(session: Session, name: SourceName, view: View) -> int | None:
    """The table that a name in a view means now."""
    for catalog, database, table in candidates(name, view):
        found = session.lookup.find_database(catalog, database)
        if found is not None:
            ordinal = session.lookup.find_table(found, table)
            if ordinal is not None:
                return ordinal
    return None


def _sources(session: Session, view: int) -> Iterator[tuple[SourceName, int | None]]:
    held = session.holdings.get(view, ())
    if held:
        for each in held:
            made = View(view, DEFAULT_CATALOG, each.database, "", "")
            yield from ((name, find_source(session, name, made)) for name in each.parse.sources)
        return
    rows = session.lookup.rows("tables")
    text = rows.value("view_text", view) if view < rows.count else None
    if text is None:
        return
    properties = session.lookup.properties(view)
    said = {key: str(properties[key]) for key in PROPERTIES if properties.get(key)}
    where = session.lookup.database_name(session.lookup.database_of(view))
    asked = View(view, where.catalog, where.database, namespace(said), "")
    parse = parse_view(session.lookup.rows("view_texts").value("text", text), dialect(said))
    if not parse.error:
        for name in parse.sources:
            yield name, find_source(session, name, asked)
