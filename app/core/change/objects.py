"""CREATE and DROP of tables and views, as Hive 4.0.1 carries them out."""

from app.core.change.causes import Wrote
from app.core.change.notes import Kind, Refused
from app.core.change.session import Session
from app.core.change.tables import MATERIALIZED_VIEW, VIEW, ChangedTable, How
from app.core.names import DEFAULT_CATALOG, fold
from app.core.statements.types import (
    CopyInto,
    CreateTable,
    CreateView,
    DropTable,
    ObjectRef,
    Statement,
)

_OWNERS_PRIVILEGES = ("INSERT", "SELECT", "UPDATE", "DELETE")


def create_table(session: Session, said: CreateTable) -> None:
    """Make a table, empty or of a query. Raises Refused."""
    if said.temporary:
        _make_temporary(session, said)
        return
    database = _room_for(session, said, said.object, said.if_not_exists)
    if database is None:
        return
    columns = [(fold(name), False) for name in said.columns]
    held = None
    if said.query:
        from app.core.change.queries import column_names, holding, need_to_read

        span = said.query_span or said.span
        held = holding(session, said, said.query, span, How.COPY)
        need_to_read(session, held, span, passing_on=False)
        columns = [(name, False) for name in column_names(session, held, said.columns)]
    elif said.like is not None:
        like = session.table(said.like, said.dialect)
        columns = list(session.lookup._columns(like))
    columns += [(fold(name), True) for name in said.partition_keys]
    made = _make(session, said, database, said.object, "MANAGED_TABLE", tuple(columns))
    made.properties.update(said.properties)
    made.location = said.location or None
    if said.like is not None:
        made.owner_type = _owner_type_like(session, session.table(said.like, said.dialect))
    if held is not None:
        session.holdings.setdefault(made.ordinal, []).append(held)


def _owner_type_like(session: Session, like: int) -> str | None:
    """Hive copies a table whole and then writes the owner's name alone. Source: 4.0.1, tried."""
    is_view = session.lookup.kind(like) in (VIEW, MATERIALIZED_VIEW)
    return "USER" if is_view else session.lookup.owner(like)[1]


def _make_temporary(session: Session, said: CreateTable) -> None:
    database = session.database(said.object, said.dialect)
    # It takes as much as a table that stays. Source: Hive 4.0.1, tried.
    session.need("create", session.database_place(database), said.object.span)
    session.note(said, Kind.NO_EFFECT, "a temporary table is its session's own")


def create_view(session: Session, said: CreateView) -> None:
    """Make, replace or alter a view, plain or materialized. Raises Refused."""
    # The parser of queries takes long to import, and few changes need it.
    from app.core.change.queries import column_names, holding, need_to_read

    ref = said.object
    database = session.database(ref, said.dialect)
    table = session.lookup.find_table(database, ref.name)
    if said.alters and table is None:
        raise Refused(f"there is no view {ref.name}", ref.span, Kind.MISSING)
    if table is not None and not (said.replace or said.alters or said.if_not_exists):
        there_already(session, said, ref, lenient=False)
    # Hive's ALTER VIEW takes tables too. Source: Hive 4.0.1, tried.
    any_kind = said.alters and said.dialect == "hive"
    is_other = table is not None and session.lookup.kind(table) != VIEW
    if is_other and said.replace and not any_kind:
        raise Refused(f"{ref.name} is a table, not a view", ref.span)
    how = How.COPY if said.materialized else How.VIEW
    held = holding(session, said, said.query, said.query_span, how)
    if said.alters and table is not None:
        _need_to_alter_view(session, table, ref, held.sources)
    else:
        session.need("create", session.database_place(database), ref.span)
    need_to_read(session, held, said.query_span, passing_on=True)
    if table is not None and said.if_not_exists:
        there_already(session, said, ref, lenient=True)
        return
    columns = tuple(
        (name, False) for name in column_names(session, held, tuple(map(fold, said.columns)))
    )
    if table is None:
        kind = MATERIALIZED_VIEW if said.materialized else VIEW
        table = _make(session, said, database, ref, kind, columns).ordinal
    else:
        # A table stays one, with these columns and its keys.
        changed = session.lookup.touch_table(table)
        keys = tuple(column for column in changed.columns if column[1])
        changed.columns, changed.described_anew = (*columns, *keys), True
        session.wrote(said, Wrote.DATA, ref.span, table=table)
    session.holdings[table] = [held]


def _need_to_alter_view(
    session: Session, table: int, ref: ObjectRef, sources: tuple[int | None, ...]
) -> None:
    if session.is_sql_standard:
        session.need("alter", session.place(table), ref.span)
        return
    # Legacy asks for ALTER on what the view reads. Source: Hive 4.0.1, tried.
    for source in sources:
        if source is not None:
            session.need("alter", session.place(source), ref.span)


def copy_into(session: Session, said: CopyInto) -> None:
    """Rows go into a table: it holds the sources' classes from then on. Raises Refused."""
    from app.core.change.queries import holding, need_to_read

    table = session.table(said.object, said.dialect)
    held = holding(session, said, said.query, said.query_span, How.COPY)
    session.need("insert", session.place(table), said.object.span)
    need_to_read(session, held, said.query_span, passing_on=False)
    session.lookup.touch_table(table)
    session.holdings.setdefault(table, []).append(held)
    session.wrote(said, Wrote.DATA, said.object.span, table=table)


def drop_table(session: Session, said: DropTable) -> None:
    """Drop a table or view and its grants. Raises Refused."""
    ref = said.object
    try:
        found = session.find(ref, said.dialect)
    except Refused:
        found = None
    if found is None or found.table is None:
        # Without IF EXISTS too: Hive ends in silence, for a table if legacy mode lets him drop
        # anything there. Source: Hive 4.0.1, tried.
        database = session.lookup.find_database(DEFAULT_CATALOG, ref.database or session.current)
        if database is not None and not session.is_sql_standard and ref.kind == "table":
            session.need("drop", session.database_place(database), ref.span)
        session.note(said, Kind.NO_EFFECT, f"there is no table {ref.name}", ref.span)
        return
    kind = session.lookup.kind(found.table)
    is_view = kind in (VIEW, MATERIALIZED_VIEW)
    # The statement decides what is asked, not the object. Source: Hive 4.0.1, tried.
    asks_of_view = ref.kind != "table" if said.dialect == "hive" else is_view
    if not session.runner.may_drop(found, any_level=asks_of_view):
        raise Refused(f"{session.user} may not: it takes drop on {found.name}", ref.span)
    if (ref.kind == "view" and not is_view) or (ref.kind == "table" and is_view):
        what = "view" if is_view else "table"
        if said.if_exists:
            session.note(said, Kind.NO_EFFECT, f"{ref.name} is a {what}", ref.span)
            return
        raise Refused(f"{ref.name} is a {what}", ref.span)
    session.wrote(said, Wrote.DROPPED, ref.span, table=found.table)
    session.lookup.drop_table(found.table)


def there_already(session: Session, said: Statement, ref: ObjectRef, lenient: bool) -> None:
    """Say that there is such an object; raise Refused where the statement does not bear it."""
    name = ref.name or ref.database
    if not lenient:
        raise Refused(f"there is {name} already", ref.span)
    session.note(said, Kind.NO_EFFECT, f"there is {name} already", ref.span)


def _room_for(session: Session, said: Statement, ref: ObjectRef, lenient: bool) -> int | None:
    """The database for a new table; None where there is such a table and that is fine."""
    database = session.database(ref, said.dialect)
    if (
        lenient
        and session.is_sql_standard
        and (session.lookup.find_table(database, ref.name) is not None)
    ):
        # Nobody is asked what he may where nothing is made. Source: Hive 4.0.1, tried.
        there_already(session, said, ref, lenient)
        return None
    session.need("create", session.database_place(database), ref.span)
    here = session.lookup.find_database(DEFAULT_CATALOG, session.current)
    if not session.is_sql_standard and here is not None:
        # Legacy asks for it where the session is, too. Source: Hive 4.0.1, tried.
        session.need("create", session.database_place(here), ref.span)
    if session.lookup.find_table(database, ref.name) is not None:
        there_already(session, said, ref, lenient)
        return None
    return database


def _make(
    session: Session,
    said: Statement,
    database: int,
    ref: ObjectRef,
    kind: str,
    columns: tuple[tuple[str, bool], ...],
) -> ChangedTable:
    """A new table, with the rows that SQL-standard writes for its owner."""
    made = session.lookup.add_table(database, ref.name, kind, session.user)
    made.columns = columns
    session.wrote(said, Wrote.MADE, ref.span, table=made.ordinal)
    if session.user is None:
        session.note(
            said,
            Kind.ONLY_BY,
            "whoever runs it will own it, and nobody said who does: give --as USER",
            ref.span,
        )
    elif session.is_sql_standard:
        made.grants += [
            session.lookup.new_row(
                level="table",
                principal_type="USER",
                principal=session.user,
                privilege=privilege,
                grant_option=True,
                grantor=session.user,
                grantor_type="USER",
                authorizer="SQL",
            )
            for privilege in _OWNERS_PRIVILEGES
        ]
    return made
