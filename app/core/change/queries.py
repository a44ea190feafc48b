"""What the query of a CREATE … AS or INSERT … SELECT reads, and whether the runner may."""

from collections import defaultdict

from app.core.change.causes import Holding
from app.core.change.notes import Kind, Refused
from app.core.change.session import Session
from app.core.change.tables import How
from app.core.change.view_bases import find_source, missing_base
from app.core.names import DEFAULT_CATALOG
from app.core.statements.types import Span, Statement
from app.core.view_names import View
from app.core.view_text import ANY_COLUMN, ViewParse, parse_view

_DIALECTS = {"hive": "hive", "trino": "trino", "databricks": "spark"}


def holding(session: Session, said: Statement, query: str, span: Span, how: How) -> Holding:
    """The query's sources. Raises Refused where one is not there, or it cannot be read."""
    parse = parse_view(query, _DIALECTS[said.dialect])
    here = View(0, DEFAULT_CATALOG, session.current, "", "")
    found = tuple(find_source(session, name, here) for name in parse.sources)
    if parse.error:
        session.note(
            said,
            Kind.UNKNOWN,
            f"its query cannot be read ({parse.error}): it is taken to hold every table "
            "whose name stands in it",
            span,
        )
        return Holding(said, how, parse, found, session.current)
    for name, table in zip(parse.sources, found, strict=True):
        called = ".".join(filter(None, (name.database, name.table)))
        if table is None:
            why = f"there is no table {called} in the snapshot or made before"
            raise Refused(why, span, Kind.MISSING)
        gone = missing_base(session, table)
        if gone:
            why = f"the view {called} reads {gone}, which is not there"
            raise Refused(why, span, Kind.MISSING)
    return Holding(said, how, parse, found, session.current)


def need_to_read(session: Session, held: Holding, span: Span, *, passing_on: bool) -> None:
    """Raise Refused where the runner may not read a source (or pass on what he reads)."""
    if session.runner.is_admin:
        return
    for number, columns in _read_columns(held.parse).items():
        table = held.sources[number]
        if table is None:
            continue
        place = session.place(table)
        if passing_on and session.is_sql_standard:
            if "SELECT" not in session.runner.held(session.lookup.own_rows(table)):
                raise Refused(
                    f"{session.user} may not: he lacks SELECT with grant option on {place.name}",
                    span,
                )
        elif not session.runner.may_read(place, columns):
            raise Refused(f"{session.user} may not read {place.name}", span)


def _read_columns(parse: ViewParse) -> dict[int, frozenset[str] | None]:
    """By number of the source, the columns that are read; None for all."""
    named: dict[int, set[str]] = defaultdict(set)
    for number in range(len(parse.sources)):
        named[number] = set()
    for output in parse.outputs:
        for number, column in output.columns:
            named[number].add(column)
    for number, column in parse.other_columns:
        named[number].add(column)
    whole = {each.source for each in parse.reads_all_of}
    return {
        number: None if number in whole or ANY_COLUMN in columns else frozenset(columns)
        for number, columns in named.items()
    }


def column_names(session: Session, held: Holding, given: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of what a query makes: those given, else the query's own."""
    if given:
        return given
    names = [output.name for output in held.parse.outputs if output.name]
    for whole in held.parse.reads_all_of:
        source = held.sources[whole.source]
        if source is not None:
            names += [name for name in session.lookup.columns(source) if name not in whole.left_out]
    return tuple(dict.fromkeys(names))
