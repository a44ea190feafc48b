"""Names of tables, databases and columns, as a dialect's Naming has them."""

from app.core.names import fold
from app.core.statements.cursor import Cursor
from app.core.statements.types import ObjectRef


def table_name(c: Cursor, kind: str) -> ObjectRef:
    """`t`, `db.t` or, where the dialect has catalogs, `catalog.db.t`."""
    what = f"the name of a {kind or 'table or view'}"
    parts = [c.name(what)]
    while c.accept("."):
        parts.append(c.name(what))
    if len(parts) > c.naming.table_parts:
        reason = f"a name of more than {c.naming.table_parts} parts means nothing certain here"
        c.refuse_at(reason, parts[0], parts[-1])
    for part in parts:
        if not c.naming.dots_in_names and "." in part.text:
            c.refuse_at("no name with a dot in it can be here", part)
    return c.object_of(parts, kind, fold)


def database_name(c: Cursor) -> ObjectRef:
    """The name of a database, with its catalog before it where the dialect has catalogs."""
    parts = [c.name("the name of a database")]
    if c.naming.table_parts > 2 and c.accept("."):
        parts.append(c.name("the name of a database"))
    catalog = fold(parts[0].text) if len(parts) > 1 else ""
    place = c.span_of(parts[0], parts[-1])
    return ObjectRef(catalog, fold(parts[-1].text), "", "database", place)


def column_name(c: Cursor) -> str:
    """The name of a column, folded."""
    return fold(c.name("the name of a column").text)
