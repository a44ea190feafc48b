"""USE, CREATE and DROP of databases, as Hive 4.0.1 carries them out."""

from app.core.change.causes import Wrote
from app.core.change.notes import Kind, Refused
from app.core.change.objects import there_already
from app.core.change.session import Session
from app.core.rights.grant_rows import DatabaseGrants
from app.core.statements.types import (
    CreateDatabase,
    DropDatabase,
    Use,
)


def use(session: Session, said: Use) -> None:
    """Change the current database. Raises Refused."""
    ref = said.object
    session.database(ref, said.dialect)
    session.current = ref.database


def create_database(session: Session, said: CreateDatabase) -> None:
    """Make a database that the runner owns. Raises Refused."""
    ref = said.object
    catalog = session.catalog(ref, said.dialect)
    if not session.is_sql_standard and session.user is not None:
        anywhere = DatabaseGrants("", tuple(session.lookup.global_rows()), None, None)
        if not session.runner.may_anywhere("create", anywhere):
            raise Refused(f"{session.user} may not: it takes CREATE on everything", ref.span)
    if session.lookup.find_database(catalog, ref.database) is not None:
        there_already(session, said, ref, said.if_not_exists)
        return
    owner, kind = session.user, "USER"
    if said.owner is not None:
        owner, kind = session.principal_name(said.owner), said.owner.kind
    made = session.lookup.add_database(catalog, ref.database, owner, kind)
    session.wrote(said, Wrote.MADE, ref.span, database=made.ordinal)


def drop_database(session: Session, said: DropDatabase) -> None:
    """Drop a database, its tables and all their grants. Raises Refused."""
    ref = said.object
    catalog = session.catalog(ref, said.dialect)
    database = session.lookup.find_database(catalog, ref.database)
    if database is None:
        if said.if_exists:
            session.note(said, Kind.NO_EFFECT, f"there is no database {ref.database}", ref.span)
            return
        raise Refused(f"there is no database {ref.database}", ref.span, Kind.MISSING)
    if ref.database == "default":
        raise Refused("the database default cannot be dropped", ref.span)
    session.need("drop", session.database_place(database), ref.span)
    tables = session.lookup.tables_in(database)
    if tables and not said.cascade:
        raise Refused(f"database {ref.database} is not empty", ref.span)
    if session.is_sql_standard:
        for table in tables:
            session.need("drop", session.place(table), ref.span)
    for table in tables:
        session.wrote(said, Wrote.DROPPED, ref.span, table=table)
    session.lookup.drop_database(database)
    session.wrote(said, Wrote.DROPPED, ref.span, database=database)
