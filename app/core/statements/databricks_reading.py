"""SHOW, DESCRIBE, OPTIMIZE, SET and other Databricks on which nobody's access depends."""

from collections.abc import Callable

from app.core.statements.cursor import Cursor, word_set
from app.core.statements.databricks_names import securable
from app.core.statements.object_names import table_name
from app.core.statements.types import NoEffect, Statement

Tail = Callable[[Cursor], None]

#: Settings that tune a query and do nothing else.
_HARMLESS = word_set(
    """
    spark.databricks.io.cache.enabled spark.sql.adaptive.enabled
    spark.sql.autobroadcastjointhreshold spark.sql.files.maxpartitionbytes
    spark.sql.shuffle.partitions spark.sql.session.timezone use_cached_result statement_timeout
    """
)


def _named(c: Cursor) -> None:
    c.name("a name")
    while c.accept("."):
        c.name("a name")


def _in(c: Cursor) -> None:
    if c.accept("IN") or c.accept("FROM"):
        _named(c)


def _like(c: Cursor) -> None:
    if c.accept("LIKE") or c.peek().is_string:
        c.string("a pattern")


def _partition(c: Cursor) -> None:
    if c.accept("PARTITION"):
        c.skip_brackets()


def _bracket(c: Cursor) -> None:
    if c.sees("("):
        c.skip_brackets()


def _grants(c: Cursor) -> None:
    if not c.sees("ON"):
        c.name("the name of a principal")
    c.expect("ON")
    securable(c)


#: What may follow SHOW, and what after that.
_SHOW: tuple[tuple[tuple[str, ...], tuple[Tail, ...]], ...] = (
    (("CATALOGS",), (_like,)),
    (("SCHEMAS",), (_in, _like)),
    (("DATABASES",), (_in, _like)),
    (("TABLES",), (_in, _like)),
    (("VIEWS",), (_in, _like)),
    (("VOLUMES",), (_in, _like)),
    (("COLUMNS",), (_in, _in)),
    (("PARTITIONS",), (_named, _partition)),
    (("TBLPROPERTIES",), (_named, _bracket)),
    (("CREATE", "TABLE"), (_named,)),
    (("TABLE", "EXTENDED"), (_in, _like, _partition)),
    (("USERS",), (_like,)),
    (("FUNCTIONS",), (_in, _like)),
    (("GRANTS",), (_grants,)),
    (("GRANT",), (_grants,)),
)


def show(c: Cursor) -> Statement:
    """SHOW of tables, grants and the like."""
    c.expect("SHOW")
    tails = next((tails for words, tails in _SHOW if c.accept(*words)), None)
    if tails is None:
        c.refuse("not understood after SHOW")
    for tail in tails:
        tail(c)
    c.end()
    return c.make(NoEffect, what="SHOW")


def describe(c: Cursor) -> Statement:
    """DESCRIBE | DESC of a table, a schema, a catalog or a function."""
    c.take()
    for words in (("CATALOG",), ("SCHEMA",), ("DATABASE",), ("FUNCTION",), ("HISTORY",)):
        if c.sees(*words) and c.peek(1).key not in (".", "<end>"):
            c.take()
            break
    c.accept("TABLE")
    if c.sees_one_of({"EXTENDED", "FORMATTED", "DETAIL"}):
        c.take()
    _named(c)
    _partition(c)
    if not c.ended:
        _named(c)
    c.end()
    return c.make(NoEffect, what="DESCRIBE")


def analyze(c: Cursor) -> Statement:
    """ANALYZE TABLE name [PARTITION (…)] COMPUTE STATISTICS [NOSCAN | FOR [ALL] COLUMNS …]"""
    c.expect("ANALYZE", "TABLE")
    table_name(c, "table")
    _partition(c)
    c.expect("COMPUTE", "STATISTICS")
    if c.accept("FOR", "COLUMNS"):
        c.listed(lambda: c.name("the name of a column"))
    elif not c.accept("FOR", "ALL", "COLUMNS"):
        c.accept("NOSCAN")
    c.end()
    return c.make(NoEffect, what="ANALYZE")


def optimize(c: Cursor) -> Statement:
    """OPTIMIZE name [ZORDER BY (columns)]: the same rows in fewer files."""
    c.expect("OPTIMIZE")
    target = table_name(c, "table")
    if c.accept("ZORDER", "BY"):
        c.skip_brackets()
    c.end()
    return c.make(NoEffect, what="OPTIMIZE", object=target)


def refresh(c: Cursor) -> Statement:
    """REFRESH [TABLE | MATERIALIZED VIEW] name"""
    c.expect("REFRESH")
    if not c.accept("MATERIALIZED", "VIEW"):
        c.accept("TABLE")
    target = table_name(c, "")
    c.end()
    return c.make(NoEffect, what="REFRESH", object=target)


def truncate(c: Cursor) -> Statement:
    """TRUNCATE TABLE name [PARTITION (…)]"""
    c.expect("TRUNCATE", "TABLE")
    target = table_name(c, "table")
    _partition(c)
    c.end()
    return c.make(NoEffect, what="TRUNCATE", object=target)


def comment(c: Cursor) -> Statement:
    """COMMENT ON CATALOG | SCHEMA | TABLE | VIEW | … name IS string | NULL"""
    c.expect("COMMENT", "ON")
    if c.accept("COLUMN"):
        _named(c)
    else:
        securable(c)
    c.expect("IS")
    if not c.accept("NULL"):
        c.string("a comment")
    c.end()
    return c.make(NoEffect, what="COMMENT")


def set_command(c: Cursor) -> Statement:
    """SET | SET -v | SET key | SET key = value, and SET TIME ZONE."""
    c.expect("SET")
    if c.ended:
        return c.make(NoEffect, what="SET")
    first, is_time_zone = c.peek(), c.sees("TIME", "ZONE")
    text, _ = c.rest()
    c.at = c.count()
    key, equals, _ = (part.strip() for part in text.partition("="))
    if not is_time_zone and not (equals and key.lower() in _HARMLESS):
        reason = "whether this setting changes anybody's access is not known here"
        c.refuse_at(reason, first, c.last())
    return c.make(NoEffect, what="SET")
