"""ALTER in HiveQL."""

from collections.abc import Callable

from app.core.statements.cursor import Cursor
from app.core.statements.hive_columns import column, columns_only, table_constraint
from app.core.statements.hive_names import principal
from app.core.statements.hive_tables import properties
from app.core.statements.object_names import column_name, database_name, table_name
from app.core.statements.queries import rest_as_query
from app.core.statements.types import (
    CreateView,
    NoEffect,
    ObjectRef,
    Rename,
    SetColumns,
    SetOwner,
    SetProperties,
    Statement,
)

#: Why these forms of ALTER TABLE cannot be judged.
_NOT_JUDGED = {
    ("SET", "LOCATION"): "the table shows other files afterwards, whose classes are unknown here",
    ("EXCHANGE",): "a partition's rows move between tables",
    ("SET", "SERDE"): "how the files are read changes",
    ("SET", "SERDEPROPERTIES"): "how the files are read changes",
    ("UPDATE", "COLUMNS"): "which columns the serde names is unknown here",
    ("PARTITION", "COLUMN"): "the type of a partition key changes",
    ("EXECUTE",): "which rows the table holds afterwards is unknown here",
    ("CONVERT",): "the table is made anew in another format",
}


def alter_table(c: Cursor) -> Statement:
    """ALTER TABLE name [PARTITION (…)] …"""
    c.expect("ALTER", "TABLE")
    target = table_name(c, "table")
    for words, reason in _NOT_JUDGED.items():
        if c.sees(*words):
            c.refuse_at(reason, c.peek(), c.peek(len(words) - 1))
    if c.accept("PARTITION"):
        c.skip_brackets()
        return _alter_partition(c, target)
    for form in (_rename, _owner, _properties, _columns, _partitions):
        found = form(c, target)
        if found is not None:
            break
    else:
        found = _harmless(c, target)
    if found is None:
        c.refuse("not understood in ALTER TABLE")
    c.end()
    return found


def alter_view(c: Cursor) -> Statement:
    """ALTER VIEW name AS query | RENAME TO | SET or UNSET TBLPROPERTIES"""
    c.expect("ALTER", "VIEW")
    target = table_name(c, "view")
    if c.accept("AS"):
        query, span = rest_as_query(c)
        return c.make(
            CreateView, object=target, query=query, query_span=span, replace=True, alters=True
        )
    found = _rename(c, target) or _properties(c, target)
    if found is None:
        c.refuse("not understood in ALTER VIEW")
    c.end()
    return found


def alter_materialized_view(c: Cursor) -> Statement:
    """ALTER MATERIALIZED VIEW name REBUILD | ENABLE REWRITE | DISABLE REWRITE"""
    c.expect("ALTER", "MATERIALIZED", "VIEW")
    target = table_name(c, "view")
    if not (c.accept("REBUILD") or c.accept("ENABLE", "REWRITE")):
        c.expect("DISABLE", "REWRITE")
    c.end()
    return c.make(NoEffect, what="ALTER MATERIALIZED VIEW", object=target)


def alter_database(c: Cursor) -> Statement:
    """ALTER DATABASE | SCHEMA name SET OWNER | SET DBPROPERTIES"""
    c.expect("ALTER")
    c.take()
    target = database_name(c)
    found = _owner(c, target)
    if found is None and c.accept("SET", "DBPROPERTIES"):
        found = c.make(SetProperties, object=target, properties=properties(c))
    if found is None and c.sees("SET", "LOCATION"):
        c.refuse_at("where later tables lie changes", c.peek(), c.peek(1))
    if found is None:
        c.refuse("not understood in ALTER DATABASE")
    c.end()
    return found


def _rename(c: Cursor, target: ObjectRef) -> Statement | None:
    if not c.accept("RENAME", "TO"):
        return None
    return c.make(Rename, object=target, to=table_name(c, target.kind))


def _owner(c: Cursor, target: ObjectRef) -> Statement | None:
    if not c.accept("SET", "OWNER"):
        return None
    return c.make(SetOwner, object=target, owner=principal(c))


def _properties(c: Cursor, target: ObjectRef) -> Statement | None:
    if c.accept("SET", "TBLPROPERTIES"):
        return c.make(SetProperties, object=target, properties=properties(c))
    if c.accept("UNSET", "TBLPROPERTIES"):
        c.accept("IF", "EXISTS")
        names = c.in_brackets(lambda: c.string("a property's name").text)
        return c.make(SetProperties, object=target, properties=dict.fromkeys(names))
    return None


def _columns(c: Cursor, target: ObjectRef) -> Statement | None:
    if c.accept("ADD", "COLUMNS"):
        added = columns_only(c)
        _reach(c)
        return c.make(SetColumns, object=target, added=added)
    if c.accept("REPLACE", "COLUMNS"):
        replaced = columns_only(c)
        _reach(c)
        return c.make(SetColumns, object=target, replaced=replaced)
    if c.sees("CHANGE"):
        return c.make(SetColumns, object=target, renamed=(_change(c),))
    return None


def _change(c: Cursor) -> tuple[str, str]:
    c.expect("CHANGE")
    c.accept("COLUMN")
    before = column_name(c)
    after = column(c)
    if c.accept("AFTER"):
        column_name(c)
    else:
        c.accept("FIRST")
    _reach(c)
    return before, after


def _reach(c: Cursor) -> None:
    if c.sees_one_of({"CASCADE", "RESTRICT"}):
        c.take()


def _partitions(c: Cursor, target: ObjectRef) -> Statement | None:
    """ADD and DROP PARTITION: `object` is said, for tables with grants of their partitions."""
    if c.sees("ADD", "PARTITION") or c.sees("ADD", "IF"):
        c.take()
        c.accept("IF", "NOT", "EXISTS")
        c.expect("PARTITION")
        c.skip_brackets()
        _no_location(c)
        while c.accept("PARTITION"):
            c.skip_brackets()
            _no_location(c)
        return c.make(NoEffect, what="ADD PARTITION", object=target)
    if c.sees("DROP", "PARTITION") or c.sees("DROP", "IF"):
        c.take()
        c.accept("IF", "EXISTS")
        c.listed(lambda: _one_partition(c))
        c.accept("PURGE")
        return c.make(NoEffect, what="DROP PARTITION", object=target)
    return None


def _one_partition(c: Cursor) -> None:
    c.expect("PARTITION")
    c.skip_brackets()


def _no_location(c: Cursor) -> None:
    if c.sees("LOCATION"):
        c.refuse_at("a partition shows files of another place, whose classes are unknown", c.peek())


def _alter_partition(c: Cursor, target: ObjectRef) -> Statement:
    if c.sees("SET", "LOCATION"):
        c.refuse_at(_NOT_JUDGED["SET", "LOCATION"], c.peek(), c.peek(1))
    if c.sees_one_of({"ADD", "REPLACE", "CHANGE"}):
        _columns(c, target)
    elif _harmless(c, target) is None:
        c.refuse("not understood for a partition")
    c.end()
    return c.make(NoEffect, what="ALTER TABLE … PARTITION", object=target)


def _harmless(c: Cursor, target: ObjectRef) -> Statement | None:
    """Forms on which nobody's access depends."""
    for form in _HARMLESS:
        before = c.at
        if form(c):
            return c.make(NoEffect, what="ALTER TABLE", object=target)
        c.at = before
    return None


def _archive(c: Cursor) -> bool:
    if not (c.accept("ARCHIVE") or c.accept("UNARCHIVE") or c.accept("TOUCH")):
        return False
    if c.accept("PARTITION"):
        c.skip_brackets()
    return True


def _compact(c: Cursor) -> bool:
    if not c.accept("COMPACT"):
        return False
    c.string("a kind of compaction")
    c.accept("AND", "WAIT")
    return True


def _file_format(c: Cursor) -> bool:
    return c.accept("SET", "FILEFORMAT") and bool(c.name("a file format"))


def _constraint(c: Cursor) -> bool:
    if c.accept("DROP", "CONSTRAINT"):
        c.name("the name of a constraint")
        return True
    if not c.sees("ADD", "CONSTRAINT"):
        return False
    c.take()
    table_constraint(c)
    return True


def _clustered(c: Cursor) -> bool:
    if c.accept("INTO"):
        c.take()
        c.expect("BUCKETS")
        return True
    if not c.accept("CLUSTERED", "BY"):
        return False
    c.in_brackets(lambda: column_name(c))
    if c.accept("SORTED", "BY"):
        c.skip_brackets()
    c.expect("INTO")
    c.take()
    c.expect("BUCKETS")
    return True


def _not_clustered(c: Cursor) -> bool:
    return c.accept("NOT") and (
        c.accept("CLUSTERED")
        or c.accept("SORTED")
        or c.accept("SKEWED")
        or c.accept("STORED", "AS", "DIRECTORIES")
    )


def _skewed(c: Cursor) -> bool:
    if not c.accept("SKEWED", "BY"):
        return False
    c.in_brackets(lambda: column_name(c))
    c.expect("ON")
    c.skip_brackets()
    c.accept("STORED", "AS", "DIRECTORIES")
    return True


def _statistics(c: Cursor) -> bool:
    if not c.accept("UPDATE", "STATISTICS"):
        return False
    if c.accept("FOR"):
        c.accept("COLUMN")
        column_name(c)
    c.expect("SET")
    properties(c)
    return True


_HARMLESS: tuple[Callable[[Cursor], bool], ...] = (
    _archive,
    _compact,
    lambda c: c.accept("CONCATENATE"),
    _file_format,
    _constraint,
    _clustered,
    _not_clustered,
    _skewed,
    _statistics,
)
