"""SHOW, DESCRIBE and other HiveQL on which nobody's access depends, form by form."""

from collections.abc import Callable

from app.core.statements.cursor import Cursor
from app.core.statements.hive_names import PRINCIPAL_KINDS
from app.core.statements.object_names import table_name
from app.core.statements.types import NoEffect, Statement

Tail = Callable[[Cursor], None]


def _in(c: Cursor) -> None:
    if c.accept("IN") or c.accept("FROM"):
        _named(c)


def _like(c: Cursor) -> None:
    if c.accept("LIKE") or c.peek().is_string:
        c.string("a pattern")


def _named(c: Cursor) -> None:
    c.name("a name")
    while c.accept("."):
        c.name("a name")


def _partition(c: Cursor) -> None:
    if c.accept("PARTITION"):
        c.skip_brackets()


def _bracket(c: Cursor) -> None:
    if c.sees("("):
        c.skip_brackets()


def _principal(c: Cursor) -> None:
    if c.sees_one_of(PRINCIPAL_KINDS):
        c.take()
        c.name("the name of a principal")


def _on(c: Cursor) -> None:
    if not c.accept("ON"):
        return
    if c.accept("ALL"):
        return
    if c.sees_one_of({"DATABASE", "SCHEMA", "TABLE"}):
        c.take()
    _named(c)
    _bracket(c)
    _partition(c)


def _locked(c: Cursor) -> None:
    if c.sees_one_of({"DATABASE", "SCHEMA"}):
        c.take()
    if not c.ended and not c.sees("EXTENDED"):
        _named(c)
    _partition(c)
    c.accept("EXTENDED")


def _string(c: Cursor) -> None:
    c.string("a setting")


#: What may follow SHOW, and what after that.
_SHOW: tuple[tuple[tuple[str, ...], tuple[Tail, ...]], ...] = (
    (("DATABASES",), (_like,)),
    (("SCHEMAS",), (_like,)),
    (("EXTENDED", "TABLES"), (_in, _like)),
    (("TABLES",), (_in, _like)),
    (("VIEWS",), (_in, _like)),
    (("MATERIALIZED", "VIEWS"), (_in, _like)),
    (("TABLE", "EXTENDED"), (_in, _like, _partition)),
    (("COLUMNS",), (_in, _in, _like)),
    (("FUNCTIONS",), (_like,)),
    (("PARTITIONS",), (_named, _partition)),
    (("CREATE", "TABLE"), (_named,)),
    (("CREATE", "DATABASE"), (_named,)),
    (("CREATE", "SCHEMA"), (_named,)),
    (("TBLPROPERTIES",), (_named, _bracket)),
    (("LOCKS",), (_locked,)),
    (("COMPACTIONS",), ()),
    (("TRANSACTIONS",), ()),
    (("CONF",), (_string,)),
    (("CURRENT", "ROLES"), ()),
    (("ROLES",), ()),
    (("ROLE", "GRANT"), (_principal,)),
    (("PRINCIPALS",), (_named,)),
    (("GRANT",), (_principal, _on)),
)


def show(c: Cursor) -> Statement:
    """SHOW of all that Hive shows."""
    c.expect("SHOW")
    tails = next((tails for words, tails in _SHOW if c.accept(*words)), None)
    if tails is None:
        c.refuse("not understood after SHOW")
    for tail in tails:
        tail(c)
    c.end()
    return c.make(NoEffect, what="SHOW")


def describe(c: Cursor) -> Statement:
    """DESCRIBE | DESC of a table, a column, a database or a function."""
    c.take()
    if c.sees_one_of({"DATABASE", "SCHEMA", "FUNCTION"}):
        c.take()
    if c.sees_one_of({"EXTENDED", "FORMATTED"}):
        c.take()
    _named(c)
    _partition(c)
    if not c.ended:
        _named(c)
    c.end()
    return c.make(NoEffect, what="DESCRIBE")


def analyze(c: Cursor) -> Statement:
    """ANALYZE TABLE name [PARTITION (…)] COMPUTE STATISTICS [FOR COLUMNS …] [NOSCAN]"""
    c.expect("ANALYZE", "TABLE")
    table_name(c, "table")
    _partition(c)
    c.expect("COMPUTE", "STATISTICS")
    if c.accept("FOR", "COLUMNS") and not c.ended:
        c.listed(lambda: c.name("the name of a column"))
    c.accept("NOSCAN")
    c.end()
    return c.make(NoEffect, what="ANALYZE")


def repair(c: Cursor) -> Statement:
    """MSCK [REPAIR] TABLE name [ADD | DROP | SYNC PARTITIONS]: partitions of its own folder."""
    c.expect("MSCK")
    c.accept("REPAIR")
    c.expect("TABLE")
    target = table_name(c, "table")
    if c.sees_one_of({"ADD", "DROP", "SYNC"}):
        c.take()
        c.expect("PARTITIONS")
    c.end()
    return c.make(NoEffect, what="MSCK", object=target)


def truncate(c: Cursor) -> Statement:
    """TRUNCATE [TABLE] name [PARTITION (…)] [COLUMNS (…)] [FORCE]"""
    c.expect("TRUNCATE")
    c.accept("TABLE")
    target = table_name(c, "table")
    _partition(c)
    if c.accept("COLUMNS"):
        c.skip_brackets()
    c.accept("FORCE")
    c.end()
    return c.make(NoEffect, what="TRUNCATE", object=target)


def lock(c: Cursor) -> Statement:
    """LOCK and UNLOCK of a table or a database."""
    locks = c.take().key == "LOCK"
    if not c.sees_one_of({"TABLE", "DATABASE", "SCHEMA"}):
        c.refuse("expected TABLE or DATABASE")
    c.take()
    _named(c)
    _partition(c)
    if locks and not c.accept("SHARED"):
        c.expect("EXCLUSIVE")
    c.end()
    return c.make(NoEffect, what="LOCK" if locks else "UNLOCK")


def transaction(c: Cursor) -> Statement:
    """START TRANSACTION, COMMIT [WORK], ROLLBACK [WORK], SET AUTOCOMMIT …"""
    if not c.accept("START", "TRANSACTION"):
        c.take()
        c.accept("WORK")
    c.end()
    return c.make(NoEffect, what="TRANSACTION")


def autocommit(c: Cursor) -> Statement:
    """SET AUTOCOMMIT TRUE | FALSE"""
    c.expect("SET", "AUTOCOMMIT")
    if not c.accept("TRUE"):
        c.expect("FALSE")
    c.end()
    return c.make(NoEffect, what="SET AUTOCOMMIT")
