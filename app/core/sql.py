"""SQL texts of the lake, read with sqlglot: the only place that imports it.

Whoever may create a view chooses its text, so reading one is bounded: in length, in how
deep it is nested and in the parser's steps, each counted the same way on every run. What
cannot be read is a SqlTextError and never anything else.
"""

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from time import monotonic
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError

# What it warns of comes back as an error here; its warnings hold whole texts.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

__all__ = ["SqlTextError", "SqlTextLimitError", "exp", "parse_query"]

MAX_CHARACTERS = 262_144
MAX_NESTING = 100  # of brackets, of types in types, and of subscripts in a row
STEPS_PER_TOKEN = 25
#: The last resort; what is known to be slow is bounded by the counts above.
MAX_SECONDS = 20.0

#: Python frames that a text nested MAX_NESTING deep needs, with room to spare.
_FRAMES = 6_000

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_NESTED_TYPES = frozenset({"ARRAY", "MAP", "STRUCT", "ROW"})


class SqlTextError(ValueError):
    """A text that cannot be read as one query; the message says why and where."""


class SqlTextLimitError(SqlTextError):
    """A text too long, too deep or too tangled to read, in any dialect."""


def parse_query(text: str, dialect: str) -> exp.Query:
    """Read one query (also as the body of a CREATE VIEW). Raises SqlTextError."""
    if len(text) > MAX_CHARACTERS:
        raise SqlTextLimitError(f"it is longer than {MAX_CHARACTERS} characters")
    try:
        with _deep_enough():
            statements = _parse(text, dialect)
    except RecursionError:
        raise SqlTextLimitError("it is nested too deep") from None
    except ParseError as refused:
        raise SqlTextError(_where(refused)) from None
    except SqlglotError as refused:
        raise SqlTextError(str(refused).splitlines()[0][:200]) from None
    if len(statements) != 1:
        raise SqlTextError(f"it holds {len(statements)} statements instead of one query")
    statement = statements[0]
    if isinstance(statement, exp.Create):
        statement = statement.expression
    if not isinstance(statement, exp.Query):
        raise SqlTextError("it is no query")
    return statement


def _parse(text: str, dialect_name: str) -> list[exp.Expr]:
    dialect = Dialect.get_or_raise(dialect_name)
    tokens = dialect.tokenize(text)
    _check_nesting(token.text for token in tokens)
    parser = _bounded_parser(dialect_name)(dialect=dialect, error_level=ErrorLevel.IMMEDIATE)
    parser.steps_left = 1_000 + STEPS_PER_TOKEN * len(tokens)
    parser.deadline = monotonic() + MAX_SECONDS
    return [statement for statement in parser.parse(tokens, text) if statement is not None]


def _check_nesting(tokens: Iterable[str]) -> None:
    brackets = types = subscripts = 0
    before = ""
    for text in tokens:
        if text in _OPENING:
            brackets += 1
            if text == "[":
                subscripts = subscripts + 1 if before == "]" else 1
        elif text in _CLOSING:
            brackets -= 1
        elif text == "<" and before.upper() in _NESTED_TYPES:
            types += 1
        elif types and text.strip(">") == "":
            types = max(0, types - len(text))
        if max(brackets, types, subscripts) > MAX_NESTING:
            raise SqlTextLimitError(f"it is nested more than {MAX_NESTING} deep")
        before = text


@cache
def _bounded_parser(dialect: str) -> Any:
    """A dialect's parser that gives up after so many steps."""
    parser_class = type(Dialect.get_or_raise(dialect).parser())

    def advance(self: Any, times: int = 1) -> None:
        self.steps_left -= 1
        if self.steps_left < 0:
            raise SqlTextLimitError("it takes too many steps to parse")
        if self.steps_left % 256 == 0 and monotonic() > self.deadline:
            raise SqlTextLimitError("it takes too long to parse")
        parser_class._advance(self, times)

    return type(f"Bounded{parser_class.__name__}", (parser_class,), {"_advance": advance})


@contextmanager
def _deep_enough() -> Iterator[None]:
    """Room for the parser, counted from here, so that a caller's own depth is no matter."""
    before = sys.getrecursionlimit()
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    sys.setrecursionlimit(max(before, depth + _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _where(refused: ParseError) -> str:
    """The first thing the parser stumbled on, without repeating the text."""
    first = refused.errors[0] if refused.errors else {}
    what = str(first.get("description") or "it cannot be parsed").strip().rstrip(".")
    if first.get("line") is None:
        return what
    return f"{what} (line {first['line']}, column {first['col']})"
