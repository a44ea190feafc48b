"""ALTER of databases, tables and views, as Hive 4.0.1 carries it out."""

from app.core.change.causes import Wrote
from app.core.change.notes import Kind, Refused
from app.core.change.session import Session
from app.core.change.tables import VIEW
from app.core.names import fold
from app.core.statements.types import (
    Rename,
    SetColumns,
    SetOwner,
    SetProperties,
)


def set_owner(session: Session, said: SetOwner) -> None:
    """Give an object to somebody else; grants stay as they are. Raises Refused."""
    # As it is written: here no mode folds the name of a role. Source: Hive 4.0.1, tried.
    ref, owner = said.object, said.owner.name
    if not ref.name:
        database = session.database(ref, said.dialect)
        session.need_admin("give databases away", ref.span)
        changed_database = session.lookup.touch_database(database)
        changed_database.owner, changed_database.owner_type = owner, said.owner.kind
        session.wrote(said, Wrote.OWNER, said.owner.span, database=database)
        return
    table = session.altered(ref, said.dialect)
    if session.is_sql_standard:
        session.need("own", session.place(table), ref.span)
    changed = session.lookup.touch_table(table)
    changed.owner, changed.owner_type = owner, said.owner.kind
    session.wrote(said, Wrote.OWNER, said.owner.span, table=table)


def rename(session: Session, said: Rename) -> None:
    """Give an object another name; its grants go with it. Raises Refused."""
    ref, to = said.object, said.to
    if not ref.name:
        _rename_database(session, said)
        return
    table = session.altered(ref, said.dialect)
    target = session.database(to, said.dialect)
    session.need("alter", session.place(table), ref.span)
    if session.lookup.database_of(table) == target and to.name == ref.name:
        session.note(said, Kind.NO_EFFECT, "it has that name", to.span)
        return
    if session.lookup.find_table(target, to.name) is not None:
        raise Refused(f"there is a table {to.name} already", to.span)
    if session.is_sql_standard:
        if session.lookup.kind(table) == VIEW:
            # Hive 4.0.1 looks the new name up and fails. Source: tried.
            raise Refused("Hive 4 with SQL-standard authorization renames no view", to.span)
        session.need("create", session.database_place(target), to.span)
    session.lookup.rename_table(table, target, to.name)
    session.wrote(said, Wrote.DESCRIBED, to.span, table=table)


def _rename_database(session: Session, said: Rename) -> None:
    if said.dialect == "hive":
        raise Refused("Hive has no ALTER DATABASE … RENAME", said.object.span)
    database = session.database(said.object, said.dialect)
    session.need("own", session.database_place(database), said.object.span)
    session.lookup.rename_database(database, said.to.database)
    for table in session.lookup.tables_in(database):
        session.lookup.touch_table(table).described_anew = True
        session.wrote(said, Wrote.DESCRIBED, said.to.span, table=table)


def set_properties(session: Session, said: SetProperties) -> None:
    """Set properties: a table's may say which class it has. Raises Refused."""
    ref = said.object
    if not ref.name:
        database = session.database(ref, said.dialect)
        session.need_admin("change databases", ref.span)
        session.lookup.touch_database(database).properties.update(said.properties)
        session.wrote(said, Wrote.DESCRIBED, ref.span, database=database)
        return
    table = session.altered(ref, said.dialect)
    if session.is_sql_standard or session.lookup.kind(table) != VIEW:
        # Legacy asks nobody about the properties of a view. Source: Hive 4.0.1, tried.
        session.need("alter", session.place(table), ref.span)
    changed = session.lookup.touch_table(table)
    changed.described_anew = True
    for key, value in said.properties.items():
        if value is None:
            changed.properties.pop(key, None)
        else:
            changed.properties[key] = value
        if key == "PARTITION_LEVEL_PRIVILEGE" and (value or "").upper() == "TRUE":
            session.note(
                said,
                Kind.UNKNOWN,
                "its partitions would decide who reads it, and the snapshot does not hold them",
                ref.span,
            )
    session.wrote(said, Wrote.DESCRIBED, ref.span, table=table)


def set_columns(session: Session, said: SetColumns) -> None:
    """Change a table's columns; grants on old names stay. Raises Refused."""
    table = session.altered(said.object, said.dialect)
    session.need("alter", session.place(table), said.object.span)
    if said.dialect == "hive":
        _check_columns(said, session.lookup.columns(table))
    changed = session.lookup.touch_table(table)
    keys = [each for each in changed.columns if each[1]]
    plain = [name for name, is_key in changed.columns if not is_key]
    if said.replaced is not None:
        plain = list(map(fold, said.replaced))
    renamed = {fold(old): fold(new) for old, new in said.renamed}
    dropped = set(map(fold, said.dropped))
    plain = [renamed.get(name, name) for name in plain if name not in dropped]
    plain += [fold(name) for name in said.added if fold(name) not in plain]
    changed.columns = (*((name, False) for name in plain), *keys)
    changed.described_anew = True
    session.wrote(said, Wrote.DESCRIBED, said.object.span, table=table)


def _check_columns(said: SetColumns, known: tuple[str, ...]) -> None:
    """Raise Refused where Hive finds no such column, or a name twice. Source: Hive 4.0.1, tried."""
    for old, new in said.renamed:
        if known and fold(old) not in known:
            raise Refused(f"there is no column {old}", said.object.span)
        if fold(new) in known and fold(new) != fold(old):
            raise Refused(f"there is a column {new} already", said.object.span)
    for name in said.added:
        if fold(name) in known:
            raise Refused(f"there is a column {name} already", said.object.span)
