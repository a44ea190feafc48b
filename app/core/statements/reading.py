"""A file of statements, read: every statement understood, or said not to be.

Nothing is dropped and nothing is guessed: what the dialect's grammar here does not know is
`Unparsed`, with the reason and the word. Reading never fails on a text, whatever it holds.
"""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from app.core.statements.cursor import Cursor, MisreadError, Naming
from app.core.statements.decoding import decode_sql
from app.core.statements.places import Places, Rendering
from app.core.statements.templates import Problem, render_braces, render_dollars
from app.core.statements.types import DIALECTS, Span, Statement, Unparsed

__all__ = ["MAX_STATEMENT_BYTES", "decode_sql", "read_statements"]

#: A longer statement is not read.
MAX_STATEMENT_BYTES = 1_000_000

_Grammar = Callable[[Cursor, MutableMapping[str, str]], "Statement | list[Statement]"]


def read_statements(
    text: str, *, file: str, dialect: str, variables: Mapping[str, str] | None = None
) -> list[Statement]:
    """The statements of a text in their order, numbered from 1.

    `dialect` is one of DIALECTS (else ValueError); `variables` are values of templates. A
    statement that inserts into several tables gives several, of one number.
    """
    if dialect not in DIALECTS:
        raise ValueError(f"{dialect!r} is no dialect; dialects: {', '.join(DIALECTS)}")
    return _File(text, file, dialect, variables or {}).read()


class _File:
    """One file while it is read."""

    def __init__(self, text: str, file: str, dialect: str, variables: Mapping[str, str]) -> None:
        from app.core.statements.tokens import words_of  # sqlglot takes a tenth of a second

        self._words_of = words_of
        self._source = text
        self._file = file
        self._dialect = dialect
        self._variables = variables
        self._assigned: dict[str, str] = {}
        self._places = Places(text)
        self._naming, self._grammar = _grammar_of(dialect)
        marked = text[:1] == "\ufeff"
        self._rendered, self._problems = render_braces(
            " " + text[1:] if marked else text, variables
        )
        self._found: list[Statement] = []
        self._number = 0

    def read(self) -> list[Statement]:
        text = self._rendered.text
        read = self._words_of(text, self._dialect)
        start, first = 0, 0
        for number, word in enumerate(read.words):
            if word.key == ";":
                self._part(read.words[first:number], start, word.start)
                start, first = word.end, number + 1
        left = read.words[first:]
        if read.broken_at < 0:
            self._part(left, start, len(text))
        else:
            begin = left[0].start if left else read.broken_at
            end = len(text.rstrip()) or len(text)
            self._number += 1
            why = f"{read.why} begins here"
            self._unparsed(begin, max(end, begin), why, read.broken_at, read.broken_at + 1)
        return self._found

    def _part(self, words: list[Any], start: int, end: int) -> None:
        """What stands between two semicolons."""
        problem = self._problem(words, start, end)
        if not words:
            if problem is not None:
                self._number += 1
                self._unparsed(
                    problem.start, problem.end, problem.reason, problem.start, problem.end
                )
            return
        self._number += 1
        begin, stop = words[0].start, words[-1].end
        if problem is not None:
            begin, stop = min(begin, problem.start), max(stop, problem.end)
            self._unparsed(begin, stop, problem.reason, problem.start, problem.end)
        elif _too_long(self._rendered.text, begin, stop):
            reason = f"the statement is longer than {MAX_STATEMENT_BYTES:,} bytes"
            self._unparsed(begin, stop, reason, begin, words[0].end)
        elif self._rendered.text.find("${", begin, stop) >= 0:
            self._with_dollars(begin, stop)
        else:
            self._statement(words, self._rendered, begin, stop)

    def _problem(self, words: list[Any], start: int, end: int) -> Problem | None:
        """The first template here that cannot be filled in, unless it is only in a comment."""
        for problem in self._problems:
            if not start <= problem.start < max(end, start + 1):
                continue
            if problem.everywhere or any(
                word.start < problem.end and problem.start < word.end for word in words
            ):
                return problem
        return None

    def _with_dollars(self, begin: int, stop: int) -> None:
        """A statement with `${…}`: filled in as Hive does, by itself."""
        text = self._rendered.text[begin:stop]
        part, problems = render_dollars(text, begin, self._value)
        read = self._words_of(part.text, self._dialect)
        for problem in problems:
            if any(w.start < problem.end and problem.start < w.end for w in read.words):
                place = part.source(problem.start, problem.end)
                self._unparsed(begin, stop, problem.reason, *place)
                return
        whole = part.source(0, len(part.text))
        if read.broken_at >= 0 or not read.words:
            place = part.source(max(read.broken_at, 0), max(read.broken_at, 0) + 1)
            self._unparsed(begin, stop, f"{read.why or 'nothing is left'} begins here", *place)
            return
        self._statement(read.words, part, *whole)

    def _value(self, name: str) -> str | None:
        """As Hive looks it up: `${x}` is a hivevar, and what the file sets wins."""
        prefix, _, bare = name.rpartition(":")
        full = f"{prefix or 'hivevar'}:{bare}"
        for known in (self._assigned, self._variables):
            if full in known:
                return known[full]
        return self._variables.get(bare) if prefix in ("", "hivevar", "hiveconf") else None

    def _statement(self, words: list[Any], text: Rendering, begin: int, stop: int) -> None:
        def span(start: int, end: int) -> Span:
            place = text.source(start, end)
            if text is not self._rendered:  # filled in twice, so traced back twice
                place = self._rendered.source(*place)
            return self._span(*place)

        fields = self._fields(begin, stop)
        cursor = Cursor(words, text.text, span, fields, self._naming)
        try:
            for word in words:
                if word.key == ";":
                    cursor.refuse_at("a value brings a second statement", word)
            read = self._grammar(cursor, self._assigned)
        except MisreadError as misread:
            guilty = span(misread.start, misread.end)
            self._found.append(Unparsed(**fields, reason=misread.reason, guilty=guilty))
            return
        except RecursionError:
            guilty = span(words[0].start, words[0].end)
            reason = "the statement is nested too deep"
            self._found.append(Unparsed(**fields, reason=reason, guilty=guilty))
            return
        self._found.extend(read if isinstance(read, list) else [read])

    def _unparsed(self, begin: int, stop: int, reason: str, start: int, end: int) -> None:
        """All by offsets in the rendered text."""
        guilty = self._span(*self._rendered.source(start, end))
        self._found.append(Unparsed(**self._fields(begin, stop), reason=reason, guilty=guilty))

    def _fields(self, begin: int, stop: int) -> dict[str, Any]:
        span = self._span(*self._rendered.source(begin, stop))
        return {
            "file": self._file,
            "number": self._number,
            "dialect": self._dialect,
            "span": span,
            "text": self._source[span.start : span.end],
        }

    def _span(self, start: int, end: int) -> Span:
        return self._places.span(start, min(max(end, start), len(self._source)))


def _too_long(text: str, begin: int, stop: int) -> bool:
    if stop - begin > MAX_STATEMENT_BYTES:
        return True
    if (stop - begin) * 4 <= MAX_STATEMENT_BYTES:
        return False
    return len(text[begin:stop].encode("utf-8", "surrogatepass")) > MAX_STATEMENT_BYTES


def _grammar_of(dialect: str) -> tuple[Naming, _Grammar]:
    if dialect == "hive":
        from app.core.statements import hive

        return hive.NAMING, hive.read
    if dialect == "trino":
        from app.core.statements import trino

        return trino.NAMING, trino.read
    from app.core.statements import databricks

    return databricks.NAMING, databricks.read
