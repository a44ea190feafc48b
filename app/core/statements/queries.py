"""Queries inside of statements: read by sqlglot's full parser, so that nothing passes unread."""

from itertools import pairwise

from app.core.statements.cursor import Cursor, MisreadError, word_set
from app.core.statements.types import Span

#: Functions that reach what no grant speaks of: any Java method, any file, another system.
_UNGUARDED = word_set(
    """
    REFLECT REFLECT2 JAVA_METHOD IN_FILE TRANSFORM READ_FILES CLOUD_FILES READ_KAFKA READ_KINESIS
    READ_PUBSUB READ_PULSAR READ_STATESTORE REMOTE_QUERY TABLE_CHANGES EVENT_LOG HTTP_REQUEST
    AI_QUERY SECRET
    """
)

_BEGINNINGS = frozenset({"SELECT", "WITH", "VALUES", "(", "TABLE", "FROM"})


def rest_as_query(c: Cursor) -> tuple[str, Span]:
    """All that is left of the statement as one query, checked: its text and its place."""
    first = c.at
    if not c.ended and not c.sees_one_of(_BEGINNINGS):
        c.refuse("expected a query")
    text, span = c.rest()
    check_query(c, text, first, c.count())
    c.at = c.count()
    return text, span


def check_query(c: Cursor, text: str, first: int, until: int) -> None:
    """Raise MisreadError unless the text, made of these words, is a query and only reads."""
    _check_functions(c, first, until)
    from app.core.sql import SqlTextError, parse_query  # half as dear as all the rest

    if c.words(first, until)[0].key == "VALUES":  # a query to engines, a clause to sqlglot
        text = f"SELECT * FROM ({text}) AS v"
    try:
        parse_query(text, c.dialect)
    except SqlTextError as refused:
        words = c.words(first, until)
        # What follows names a place in the query, not in the file.
        why = str(refused).split(" (line ")[0].split(" but got <")[0]
        raise MisreadError(
            f"the query cannot be read: {why}", words[0].start, words[-1].end
        ) from None


def _check_functions(c: Cursor, first: int, until: int) -> None:
    words = c.words(first, until)
    for word, after in pairwise(words):
        if after.key != "(":
            continue
        if (word.key or word.text.upper()) in _UNGUARDED and not word.is_string:
            c.refuse_at(f"{word.text} reads or runs what no grant guards", word)
        if word.key == "TABLE" and c.dialect == "trino":
            c.refuse_at("what a table function reads is unknown here", word)
    if c.dialect != "trino":
        _check_tables(c, first, until)


def _check_tables(c: Cursor, first: int, until: int) -> None:
    """No `TABLE name` as a query: sqlglot takes the word for a name, and misses the table."""
    words = c.words(first, until)
    for number, word in enumerate(words):
        values = number + 1 < len(words) and words[number + 1].key == "("
        if word.key == "TABLE" and not (values and c.dialect == "hive"):
            c.refuse_at("TABLE in a query is not followed: write SELECT * FROM", word)
