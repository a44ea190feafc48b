"""What one view text reads: its tables, and which of their columns reach which output.

No schema is needed: a column that no alias qualifies is taken to be of every table it
could be of. Where an output cannot be followed to a column, its name is empty, and
whoever asks must take the whole view. Columns used only to filter, join, group or sort
do not reach the view's rows: they are told apart (`other_columns`) and carry no class.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Protocol

import pyarrow as pa

from app.core.frozen import frozen
from app.core.names import fold

#: In place of a column's name: any column of that source.
ANY_COLUMN = "*"

#: Raised when the same text would be read differently; kept parses are then made anew.
READING = 1

DIALECTS = ("hive", "spark", "trino")

#: So many names are taken from a text that cannot be parsed.
MAX_SCANNED = 5_000


@frozen
class SourceName:
    """A table as a view names it, folded; what is not written is empty."""

    catalog: str
    database: str
    table: str


@frozen
class ViewOutput:
    """A column of a view's result. The name is empty where nobody can tell it."""

    name: str
    columns: tuple[tuple[int, str], ...]  # (number of the source, its column)


@frozen
class WholeSource:
    """A source of which every column reaches the view under its own name."""

    source: int
    left_out: tuple[str, ...] = ()


@frozen
class ViewParse:
    """What a view text says. With an `error`, `sources` are names found by a scan."""

    sources: tuple[SourceName, ...]
    outputs: tuple[ViewOutput, ...] = ()
    reads_all_of: tuple[WholeSource, ...] = ()
    other_columns: tuple[tuple[int, str], ...] = ()
    positional: bool = False  # output i is the view's column i
    error: str = ""


#: A parse as rows, so that thousands are kept, read and joined at once. Of what is
#: `other_columns` nothing is kept.
PARSE_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("fact", pa.int8()),  # one of the facts below
        ("source", pa.int32()),
        ("catalog", pa.string()),
        ("database", pa.string()),
        ("table", pa.string()),
        ("output", pa.int32()),  # of VIEW: how many outputs, where `positional`; else -1
        ("name", pa.string()),  # of COLUMN: the output's; of VIEW: the error
        ("column", pa.string()),
    ]
)
VIEW, SOURCE, COLUMN, WHOLE, LEFT_OUT = range(5)


class ViewParses(Protocol):
    """Parses kept between runs."""

    def known(self) -> pa.Table:
        """What is kept, in PARSE_SCHEMA; nothing where nothing readable is."""
        ...

    def keep(self, rows: pa.Table) -> None:
        """Keep these too. May fail to, silently: then the texts are parsed again."""
        ...


class MemoryViewParses:
    """Parses kept as long as this object."""

    def __init__(self) -> None:
        self._rows = PARSE_SCHEMA.empty_table()

    def known(self) -> pa.Table:
        """What was kept."""
        return self._rows

    def keep(self, rows: pa.Table) -> None:
        """Keep these too."""
        self._rows = pa.concat_tables([self._rows, rows])


def parse_key(text: str, dialect: str) -> str:
    """Under what the parse of a text is kept."""
    said = f"{READING}\n{_reader()}\n{dialect}\n{text}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _reader() -> str:
    return version("sqlglot")


def parse_rows(parses: Mapping[str, ViewParse]) -> pa.Table:
    """Parses by key as rows of PARSE_SCHEMA."""
    rows = [row for key, parse in parses.items() for row in _rows_of(key, parse)]
    columns = list(zip(*rows, strict=True)) or [()] * len(PARSE_SCHEMA)
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, PARSE_SCHEMA, strict=True)],
        schema=PARSE_SCHEMA,
    )


_Row = tuple[object, ...]


def _rows_of(key: str, parse: ViewParse) -> Iterable[_Row]:
    outputs = len(parse.outputs) if parse.positional else -1
    yield (key, VIEW, None, None, None, None, outputs, parse.error, None)
    for source, name in enumerate(parse.sources):
        yield (key, SOURCE, source, name.catalog, name.database, name.table, None, None, None)
    for position, output in enumerate(parse.outputs):
        for source, column in output.columns:
            yield (key, COLUMN, source, None, None, None, position, output.name, column)
    for whole in parse.reads_all_of:
        yield (key, WHOLE, whole.source, None, None, None, None, None, None)
        for column in whole.left_out:
            yield (key, LEFT_OUT, whole.source, None, None, None, None, None, column)


def parse_view(text: str, dialect: str = "hive") -> ViewParse:
    """Read a view text, in its own dialect first and then in the others. Never raises."""
    from app.core import view_reader  # sqlglot costs as much as all the rest to import
    from app.core.sql import SqlTextError, SqlTextLimitError

    errors = []
    for one in (dialect, *(other for other in DIALECTS if other != dialect)):
        try:
            return view_reader.read_view(text, one)
        except SqlTextError as refused:
            errors.append(str(refused))
            if isinstance(refused, SqlTextLimitError):
                break
    return ViewParse(sources=scan_names(text), error=errors[0])


_WORD = r'(?:`(?:[^`]|``)+`|"(?:[^"]|"")+"|[^\W\d]\w*|\d+[^\W\d]\w*)'
_NAME = re.compile(rf"{_WORD}(?:\s*\.\s*{_WORD}){{0,2}}")


def scan_names(text: str) -> tuple[SourceName, ...]:
    """Whatever in a text could be the name of a table, in the order it stands there."""
    found: dict[SourceName, None] = {}
    for match in _NAME.finditer(text):
        parts = [_unquoted(part) for part in re.findall(_WORD, match.group())]
        found[SourceName(*[""] * (3 - len(parts)), *parts)] = None
        if len(found) == MAX_SCANNED:
            break
    return tuple(found)


def _unquoted(word: str) -> str:
    quote = word[0]
    return fold(word[1:-1].replace(quote * 2, quote) if quote in '`"' else word)
