"""INSERT in all its forms, MERGE, UPDATE, DELETE and plain queries, in every dialect."""

from app.core.statements.cursor import Cursor, word_set
from app.core.statements.object_names import column_name, table_name
from app.core.statements.queries import check_query, rest_as_query
from app.core.statements.types import CopyInto, NoEffect, ObjectRef, Span, Statement

#: What may follow a SELECT's list, and so ends it, where the FROM stands before the INSERT.
_AFTER_LIST = word_set(
    """
    WHERE GROUP HAVING WINDOW QUALIFY ORDER SORT CLUSTER DISTRIBUTE LIMIT LATERAL UNION
    INTERSECT EXCEPT MINUS
    """
)

#: With what the rows of an INSERT may begin.
_INSERTED = {
    "hive": frozenset({"SELECT", "VALUES", "("}),
    "trino": frozenset({"SELECT", "VALUES", "(", "WITH", "TABLE"}),
    "databricks": frozenset({"SELECT", "VALUES", "(", "WITH", "TABLE", "FROM"}),
}


def query(c: Cursor) -> Statement:
    """SELECT …, VALUES …, (…): only reads."""
    rest_as_query(c)
    return c.make(NoEffect, what="SELECT")


def insert(c: Cursor) -> Statement:
    """INSERT INTO | OVERWRITE [TABLE] name [PARTITION (…)] [(columns)] query"""
    return _insert(c, prefix="", start=c.at)


def with_or_from(c: Cursor) -> Statement | list[Statement]:
    """WITH … and FROM …: a query, or one or more INSERTs that copy what it reads."""
    start = c.at
    inserts = _at_depth_zero(c, start, {"INSERT"})
    if not inserts:
        return query(c)
    if c.sees("FROM"):
        return _from_inserts(c, "", start, inserts)
    body = _at_depth_zero(c, start, {"FROM", "INSERT"})[0]
    prefix = c.slice(start, body)[0] + "\n"
    c.at = body
    if c.sees("FROM"):
        return _from_inserts(c, prefix, body, inserts)
    return _insert(c, prefix=prefix, start=start)


def merge(c: Cursor) -> Statement:
    """MERGE INTO name USING source …: the source's rows go into the table."""
    start = c.at
    c.expect("MERGE", "INTO")
    target = table_name(c, "table")
    if not c.sees("USING"):
        c.accept("AS")
        column_name(c)
    c.expect("USING")
    first = c.at
    on = _at_depth_zero(c, first, {"ON"})
    if not on:
        c.refuse("expected ON after the source")
    source, span = c.slice(first, on[0])
    text = f"SELECT * FROM {source}"
    check_query(c, text, first, on[0])
    _only_known_arms(c, on[0])
    c.at = c.count()
    if _has(c, on[0], "SELECT"):
        c.refuse_at("a subquery in MERGE: what it copies is not followed", c.words(start, on[0])[0])
    return c.make(CopyInto, object=target, query=text, query_span=span)


def update(c: Cursor) -> Statement:
    """UPDATE name SET …: harmless as long as it takes its values from no other table."""
    c.expect("UPDATE")
    table_name(c, "table")
    c.expect("SET")
    where = (_at_depth_zero(c, c.at, {"WHERE"}) or [c.count()])[0]
    for word in c.words(c.at, where):
        if word.key == "SELECT":
            c.refuse_at("UPDATE takes values from a query: what it copies is not followed", word)
    _check_assignments(c, where)
    _where(c, where)
    return c.make(NoEffect, what="UPDATE")


def delete(c: Cursor) -> Statement:
    """DELETE FROM name [WHERE …]"""
    c.expect("DELETE", "FROM")
    table_name(c, "table")
    if not c.ended:
        _where(c, c.at)
    return c.make(NoEffect, what="DELETE")


def _insert(c: Cursor, *, prefix: str, start: int) -> Statement:
    target = _into(c)
    if not prefix and c.sees("VALUES") and not _has(c, c.at, "SELECT"):
        rest_as_query(c)
        return c.make(NoEffect, what="INSERT … VALUES", object=target)
    first = c.at
    text, span = c.rest()
    if not c.sees_one_of(_INSERTED[c.dialect]):
        c.refuse("expected a query")
    check_query(c, prefix + text, min(start, first), c.count())
    c.at = c.count()
    return c.make(CopyInto, object=target, query=prefix + text, query_span=span)


def _into(c: Cursor) -> ObjectRef:
    c.expect("INSERT")
    if c.dialect != "trino" and c.accept("OVERWRITE"):
        if c.sees_one_of({"DIRECTORY", "LOCAL"}):
            c.refuse_at("rows are written to files that no grant guards", c.peek())
        if c.dialect == "hive":
            c.expect("TABLE")
        else:
            c.accept("TABLE")
    else:
        c.expect("INTO")
        if c.dialect != "trino":
            c.accept("TABLE")
    target = table_name(c, "table")
    if c.dialect != "trino" and c.accept("PARTITION"):
        c.skip_brackets()
        c.accept("IF", "NOT", "EXISTS")
    if c.sees("(") and c.peek(1).key not in ("SELECT", "(", "WITH", "VALUES", "TABLE"):
        c.in_brackets(lambda: column_name(c))
    return target


def _from_inserts(c: Cursor, prefix: str, start: int, inserts: list[int]) -> list[Statement]:
    source, _ = c.slice(start, inserts[0])
    found: list[Statement] = []
    for number, first in enumerate(inserts):
        c.at = first
        until = inserts[number + 1] if number + 1 < len(inserts) else c.count()
        target = _into(c)
        if not c.sees("SELECT"):
            c.refuse("expected SELECT")
        text, span = _with_source(c, source, until)
        check_query(c, prefix + text, c.at, until)
        found.append(c.make(CopyInto, object=target, query=prefix + text, query_span=span))
    check_query(c, prefix + source + "\nSELECT *", start, inserts[0])
    c.at = c.count()
    return found


def _with_source(c: Cursor, source: str, until: int) -> tuple[str, Span]:
    """SELECT list FROM source rest: what an INSERT after a FROM reads."""
    rest = [at for at in _at_depth_zero(c, c.at, _AFTER_LIST) if at < until]
    list_end = rest[0] if rest else until
    chosen = c.slice(c.at, list_end)[0]
    after = c.slice(list_end, until)[0] if list_end < until else ""
    return f"{chosen}\n{source}\n{after}".rstrip(), c.slice(c.at, until)[1]


def _where(c: Cursor, where: int) -> None:
    if where >= c.count():
        c.at = where
        return
    c.at = where
    c.expect("WHERE")
    condition, _ = c.rest()
    check_query(c, f"SELECT 1 FROM t WHERE {condition}", c.at, c.count())
    c.at = c.count()


def _check_assignments(c: Cursor, until: int) -> None:
    """`a = 1, b = 2` as conditions in a list: what can be read as such holds nothing else."""
    if c.at >= until:
        c.refuse("expected what is set")
    text, _ = c.slice(c.at, until)
    check_query(c, f"SELECT {text}", c.at, until)


def _only_known_arms(c: Cursor, on: int) -> None:
    whens = _at_depth_zero(c, on, {"WHEN"})
    if not whens:
        c.at = c.count()
        c.refuse("expected WHEN")
    condition, _ = c.slice(on + 1, whens[0])
    check_query(c, f"SELECT 1 FROM t WHERE {condition}", on + 1, whens[0])
    for first in whens:
        c.at = first
        c.expect("WHEN")
        c.accept("NOT")
        c.expect("MATCHED")
        then = _at_depth_zero(c, c.at, {"THEN"})
        if not then:
            c.refuse("expected THEN")
        c.at = then[0]
        c.expect("THEN")
        if not c.sees_one_of({"UPDATE", "INSERT", "DELETE"}):
            c.refuse("expected UPDATE, INSERT or DELETE")


def _has(c: Cursor, first: int, key: str) -> bool:
    return any(word.key == key for word in c.words(first, c.count()))


def _at_depth_zero(c: Cursor, first: int, keys: "frozenset[str] | set[str]") -> list[int]:
    """Numbers of the words outside of brackets that are one of these."""
    found, depth = [], 0
    for number, word in enumerate(c.words(first, c.count()), first):
        if word.key in ("(", "["):
            depth += 1
        elif word.key in (")", "]"):
            depth -= 1
        elif depth == 0 and word.key in keys:
            found.append(number)
    return found
