"""Column types that behave the same on SQLite and PostgreSQL."""

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, String
from sqlalchemy.types import TypeDecorator

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Text(TypeDecorator[str]):
    """Text that sorts and compares by its bytes, whatever the database's language.

    What PostgreSQL cannot hold (NUL, half of a surrogate pair) becomes U+FFFD on both.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """PostgreSQL needs to be told; SQLite compares bytes anyway."""
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(String(collation=collation))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Make it storable."""
        return None if value is None else storable(value)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; a time without a zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn it into UTC before it is written."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite gives it back without its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: Numbers rows in the order of writing.
Counter = BigInteger().with_variant(Integer(), "sqlite")
#: A JSON document; SQL's null, and not JSON's, stands for none.
Document = JSON(none_as_null=True)


def storable(text: str) -> str:
    """The text with what PostgreSQL cannot hold replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)
