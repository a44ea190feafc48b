"""The texts in which HiveServer2 describes objects, read back.

Source: Hive's text formatters of SHOW TABLE EXTENDED, DESCRIBE FORMATTED and DESCRIBE
DATABASE EXTENDED, and its ThriftDDL names of types; tried on Hive 4.0.1.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from app.sources.hive_objects import HiveTable

Columns = tuple[tuple[str, str], ...]

_STRUCT = re.compile(r"struct \w+ \{ ?(.*)\}$", re.DOTALL)
_DDL_TYPES = {
    "i16": "smallint",
    "i32": "int",
    "i64": "bigint",
    "byte": "tinyint",
    "bool": "boolean",
    "list": "array",
}
_DDL_WORD = re.compile(r"(?<![\w`])(?:i16|i32|i64|byte|bool|list)(?![\w`:])")
_SPACED_TYPES = ("timestamp with local time zone", "double precision")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_PADDING = 20  # DESCRIBE FORMATTED pads short texts to so many characters


class UnreadableTextError(Exception):
    """A text is not as Hive writes it."""


def quoted(name: str) -> str:
    """An identifier in backticks."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A string literal of HiveQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def tables_extended(database: str, lines: Iterable[str]) -> Iterator[HiveTable]:
    """What SHOW TABLE EXTENDED says of each table; the kind is left empty.

    Raises UnreadableTextError.
    """
    block: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if key == "tableName" and colon:
            if block:
                yield _table_of(database, block)
            block = {}
        if colon and key not in block:
            block[key] = value
    if block:
        yield _table_of(database, block)


def _table_of(database: str, block: dict[str, str]) -> HiveTable:
    if "tableName" not in block:
        raise UnreadableTextError("no tableName stands where a table begins")
    return HiveTable(
        catalog="hive",
        database=database,
        name=block["tableName"],
        kind="",
        owner=_said(block.get("owner")),
        location=_said(block.get("location")),
        columns=struct_fields(block.get("columns", "")),
        partition_keys=struct_fields(block.get("partitionColumns", "")),
    )


def _said(text: str | None) -> str | None:
    return None if text in (None, "", "null") else text


def struct_fields(text: str) -> Columns:
    """`struct columns { i32 a, list<string> b}` as names and Hive's types.

    Hive lets no comma into a column's name. Raises UnreadableTextError.
    """
    if not text:
        return ()
    found = _STRUCT.match(text)
    if not found:
        raise UnreadableTextError(f"{text[:60]!r} is no list of columns")
    return tuple(_field(each) for each in split_outside(found[1], ", ") if each)


def _field(text: str) -> tuple[str, str]:
    for kind in _SPACED_TYPES:
        if text.startswith(kind + " "):
            return text[len(kind) + 1 :], kind
    parts = split_outside(text, " ")
    if len(parts) < 2:
        raise UnreadableTextError(f"{text[:60]!r} is no column")
    kind = parts[0]
    return text[len(kind) + 1 :], hive_type(kind)


def split_outside(text: str, separator: str) -> list[str]:
    """Split where no bracket is open."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        if text[at] in "<(":
            depth += 1
        elif text[at] in ">)":
            depth -= 1
        elif depth == 0 and text.startswith(separator, at):
            parts.append(text[start:at])
            at += len(separator)
            start = at
            continue
        at += 1
    parts.append(text[start:])
    return parts


def hive_type(ddl: str) -> str:
    """Hive's own name of a type that ThriftDDL names otherwise; field names stay."""
    return _DDL_WORD.sub(lambda word: _DDL_TYPES[word[0]], ddl)


def map_of(text: str) -> dict[str, str]:
    """`{a=b, c=d}` as a map; a value that holds `, x=` cannot be told from two."""
    inner = text.strip()
    if not (inner.startswith("{") and inner.endswith("}")) or len(inner) == 2:
        return {}
    found: dict[str, str] = {}
    last = ""
    for part in inner[1:-1].split(", "):
        key, equals, value = part.partition("=")
        if equals:
            found[key], last = value, key
        elif last:
            found[last] += ", " + part
    return found


def list_of(text: str | None) -> list[str]:
    """`[a, b]` as its items."""
    inner = (text or "").strip()
    if inner.startswith("[") and inner.endswith("]"):
        inner = inner[1:-1]
    return inner.split(", ") if inner else []


def described(table: HiveTable, rows: Sequence[tuple[Any, ...]]) -> HiveTable:
    """What DESCRIBE FORMATTED says of a table, over what was known of it.

    Raises UnreadableTextError.
    """
    return _Description(rows).table(table)


class _Description:
    """The rows of DESCRIBE FORMATTED by their sections."""

    def __init__(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._columns: list[tuple[str, str]] = []
        self._keys: list[tuple[str, str]] = []
        self._facts: dict[str, str] = {}
        self._properties: dict[str, str] = {}
        section, last = "columns", ""
        for row in rows:
            name, value, more = (*(_text(cell) for cell in row), "", "")[:3]
            label = name.strip()
            if label.startswith("# "):
                section = label[2:] if label != "# col_name" else section
                last = ""
            elif section == "columns" and label:
                self._columns.append((name.rstrip(), value.strip()))
            elif section == "Partition Information" and label:
                self._keys.append((name.rstrip(), value.strip()))
            elif label.endswith(":"):
                last = label[:-1]
                self._facts.setdefault(last, value)
            elif last == "Table Parameters" and not label and value.strip():
                shown = more.rstrip() if len(more) <= _PADDING else more
                self._properties[value.rstrip()] = _unescaped(shown)
            elif last.endswith(" Query") and not label:
                self._facts[last] += "\n" + more.rstrip()
        if "Database" not in self._facts:
            raise UnreadableTextError("DESCRIBE FORMATTED has no Database")

    def table(self, known: HiveTable) -> HiveTable:
        """The table, as far as it is described."""
        facts = self._facts
        return HiveTable(
            catalog=known.catalog,
            database=known.database,
            name=known.name,
            kind=facts.get("Table Type", "").strip() or known.kind,
            owner=_said(facts.get("Owner", "").strip()),
            owner_type=_said(facts.get("OwnerType", "").strip()),
            location=_said(facts.get("Location", "").strip()),
            create_time=_moment(facts.get("CreateTime", "")),
            view_text=self._query("Expanded Query"),
            view_original_text=self._query("Original Query"),
            columns=tuple(self._columns),
            partition_keys=tuple(self._keys),
            properties=self._properties,
        )

    def _query(self, name: str) -> str | None:
        lines = self._facts.get(name)
        if not lines:
            return None
        first, newline, rest = lines.partition("\n")
        return first.rstrip() + newline + rest


def _unescaped(text: str) -> str:
    """A property's value, which is shown as in a text of Java."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _moment(text: str) -> int | None:
    """`Tue Nov 24 00:23:43 UTC 2026` as epoch seconds; None in a zone with another name."""
    words = text.split()
    if len(words) != 6 or words[4] not in ("UTC", "GMT"):
        return None
    try:
        found = datetime.strptime(" ".join([*words[1:4], words[5]]), "%b %d %H:%M:%S %Y")
    except ValueError:
        return None
    return int(found.replace(tzinfo=UTC).timestamp())
