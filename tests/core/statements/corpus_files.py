"""The corpus of statements: texts with their guilty words marked, and what they say.

`corpus/DIALECT*.yaml` are lists of entries:

- sql: the text; every word that a fact points at stands in «…», which are no part of it;
- facts: what is read, as `facts_of` tells it; a list where the text holds several;
- hive (HiveQL only): `refuses` where the parser of a real Hive 4.0.1 refuses it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from app.core.statements.types import ObjectRef, PrincipalRef, PrivilegeRef, Span, Statement

FOLDER = Path(__file__).parent / "corpus"
_OF_EVERY_STATEMENT = {each.name for each in fields(Statement)}
_OPENING, _CLOSING = "«", "»"


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of the corpus. marks: offsets of the marked words in the text."""

    dialect: str
    text: str
    marks: tuple[tuple[int, int], ...]
    facts: tuple[Mapping[str, Any], ...]
    hive_accepts: bool

    @property
    def is_unparsed(self) -> bool:
        """Whether it is said not to be understood."""
        return any(each["kind"] == "Unparsed" for each in self.facts)


@cache
def corpus(dialect: str) -> tuple[Entry, ...]:
    """All entries of a dialect, file by file."""
    found = []
    for path in sorted(FOLDER.glob(f"{dialect}*.yaml")):
        for raw in yaml.load(path.read_text(), Loader=yaml.CSafeLoader):
            text, marks = _without_marks(raw["sql"])
            facts = raw["facts"] if isinstance(raw["facts"], list) else [raw["facts"]]
            accepts = raw.get("hive", "accepts") == "accepts"
            found.append(Entry(dialect, text, marks, tuple(facts), accepts))
    return tuple(found)


def facts_of(statement: Statement) -> dict[str, Any]:
    """What a statement says in plain words: its kind, and what differs from the default."""
    said: dict[str, Any] = {"kind": type(statement).__name__}
    for each in fields(statement):
        value = getattr(statement, each.name)
        default = each.default
        if default is MISSING and each.default_factory is not MISSING:
            default = each.default_factory()
        if each.name in _OF_EVERY_STATEMENT or isinstance(value, Span) or value == default:
            continue
        said[each.name] = _plain(value)
    return said


def spans_of(statement: Statement) -> Iterator[Span]:
    """The places of all the words a statement points at."""
    for each in fields(statement):
        if each.name not in _OF_EVERY_STATEMENT:
            yield from _spans(getattr(statement, each.name))


def marked(text: str, marks: set[tuple[int, int]]) -> str:
    """The text with these places marked."""
    for start, end in sorted(marks, reverse=True):
        text = text[:start] + _OPENING + text[start:end] + _CLOSING + text[end:]
    return text


def _spans(value: object) -> Iterator[Span]:
    if isinstance(value, Span):
        yield value
    elif isinstance(value, ObjectRef | PrincipalRef | PrivilegeRef):
        yield value.span
    elif isinstance(value, tuple):
        for each in value:
            yield from _spans(each)


def _plain(value: object) -> Any:
    match value:
        case ObjectRef():
            parts = [part for part in (value.catalog, value.database, value.name) if part]
            return f"{value.kind or 'object'} {'.'.join(parts)}"
        case PrincipalRef():
            return f"{value.kind} {value.name}"
        case PrivilegeRef():
            return value.name + (f" ({', '.join(value.columns)})" if value.columns else "")
        case tuple():
            return [_plain(each) for each in value]
        case Mapping():
            return dict(value)
    return value


def _without_marks(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    plain, marks, start = "", [], 0
    for letter in text:
        if letter == _OPENING:
            start = len(plain)
        elif letter == _CLOSING:
            marks.append((start, len(plain)))
        else:
            plain += letter
    return plain, tuple(marks)
