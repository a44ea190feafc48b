"""Names: the one place identifiers are folded, quoted, split and shown.

Hive folds names of catalogs, databases, tables and columns to lower case; names of
users, groups and (in comparison) roles are compared exactly as delivered. Source: Hive
4.0.1, tried; see docs/semantics.md.
"""

import unicodedata

from app.core.errors import BadNameError
from app.core.frozen import frozen

DEFAULT_CATALOG = "hive"

#: The rights a question can be about. `delegate` is any right held with grant option.
RIGHTS = (
    "select",
    "insert",
    "update",
    "delete",
    "alter",
    "create",
    "drop",
    "index",
    "lock",
    "own",
    "delegate",
)


@frozen
class ObjectName:
    """A database, a table or a column, folded. `table` and `column` may be empty."""

    catalog: str
    database: str
    table: str = ""
    column: str = ""

    def __str__(self) -> str:
        parts = [part for part in (self.database, self.table, self.column) if part]
        if self.catalog != DEFAULT_CATALOG:
            parts.insert(0, self.catalog)
        return ".".join(part if _is_plain(part) else quote(part) for part in parts)


def fold(identifier: str) -> str:
    """An identifier as Hive compares it."""
    return identifier.lower()


def quote(identifier: str) -> str:
    """An identifier in backticks, backticks doubled, as HiveQL reads it."""
    return "`" + identifier.replace("`", "``") + "`"


def _is_plain(part: str) -> bool:
    return "." not in part and "`" not in part


def split(text: str) -> list[str]:
    """Split `a.b` and `` `a.b`.c `` at the dots outside backticks. Raises BadNameError."""
    parts: list[str] = []
    word, quoted, position = "", False, 0
    while position < len(text):
        letter = text[position]
        if letter == "`" and quoted and text[position + 1 : position + 2] == "`":
            word, position = word + "`", position + 1
        elif letter == "`":
            quoted = not quoted
        elif letter == "." and not quoted:
            parts.append(word)
            word = ""
        else:
            word += letter
        position += 1
    parts.append(word)
    if quoted or not all(parts):
        raise BadNameError(
            f"{show(text)!s} is not an object's name",
            mend="Write db, db.table or db.table.column; put a part that holds a dot in backticks",
        )
    return parts


def parse_object(text: str, catalogs: frozenset[str] = frozenset()) -> ObjectName:
    """Read `db`, `db.table`, `db.table.column`, with a known catalog before it or not.

    Raises BadNameError for empty parts, an open backtick or too many parts.
    """
    parts = [fold(part) for part in split(text)]
    catalog = DEFAULT_CATALOG
    if len(parts) > 1 and parts[0] in catalogs and parts[0] != DEFAULT_CATALOG:
        catalog, parts = parts[0], parts[1:]
    elif len(parts) == 4 and parts[0] == DEFAULT_CATALOG:
        parts = parts[1:]
    if len(parts) > 3:
        raise BadNameError(
            f"{show(text)} has {len(parts)} parts and {parts[0]!r} is no catalog of this lake",
            mend="Write db, db.table or db.table.column, with a known catalog before it",
        )
    return ObjectName(catalog, *parts)


def parse_right(text: str) -> str:
    """One of RIGHTS, in any case. Raises BadNameError."""
    right = text.strip().lower()
    if right not in RIGHTS:
        raise BadNameError(f"{show(text)} is not a right", mend=f"Rights: {', '.join(RIGHTS)}")
    return right


def show(text: str) -> str:
    """A name safe to print: control, format and bidirectional characters escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter
        if unicodedata.category(letter)[0] not in "CZ" or letter == " "
        else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )
