"""Parameters that many routes share, with what may stand in them."""

import re
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Header, Path, Query
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from app.core.names import show
from app.web.cursors import LONGEST, PATTERN
from app.web.errors import NoWholeRunError

LARGEST_PAGE = 200


_PART = r"(?:[^.`]|`(?:[^`]|``)+`)+"
_OBJECT_NAME = re.compile(rf"^{_PART}(?:\.{_PART}){{0,3}}$")
_DAY = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2\d|3[01])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d)?"
INTERVAL = rf"^{_DAY}(?:T{_TIME})?/{_DAY}(?:T{_TIME})?$"
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII
)


def moment_in(text: str) -> datetime | None:
    """The moment that a text says in ISO 8601, None when it says none.

    A day is its first moment; without a zone it is UTC.
    """
    if not _MOMENT.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.upper())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def interval(text: str) -> tuple[datetime, datetime]:
    """START/END; an END that is a day is all of it. Raises NoWholeRunError for no time at all."""
    first, _, last = text.partition("/")
    start, end = moment_in(first), moment_in(last)
    if end is not None and len(last) == len("2026-06-12") and end.year < MAXYEAR:
        end += timedelta(days=1, microseconds=-1)
    if start is None or end is None or end < start:
        raise NoWholeRunError(
            f"there is no time in {text}",
            mend="Write two moments, the earlier first: 2026-06-01/2026-06-12T08:00:00Z",
        )
    return start, end


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    found = moment_in(str(value))
    if found is None:
        raise ValueError("write a moment as 2026-06-12T08:15:30Z or a day as 2026-06-12")
    return found


def _object_name(value: str) -> str:
    if not _OBJECT_NAME.match(value):
        raise ValueError(
            "write db, db.table or db.table.column; put a part that holds a dot in backticks"
        )
    return value


def _whole_text(value: str) -> str:
    if not value.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError(f"{show(value)} holds half a character, which no name does")
    return value


def _plain_bool(value: Any) -> Any:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("write true or false")
        return value == "true"
    return value


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-06-12T08:15:30Z"]}),
]
Flag = Annotated[bool, BeforeValidator(_plain_bool)]
WholeText = Annotated[str, AfterValidator(_whole_text)]

LakePath = Annotated[
    str, Path(description="The lake's name in the settings.", max_length=200, examples=["main"])
]
Limit = Annotated[
    int, Query(ge=1, le=LARGEST_PAGE, description="How many rows a page holds at most.")
]
CursorText = Annotated[
    str | None,
    Query(
        max_length=LONGEST,
        pattern=PATTERN,
        description="The `next` of the page before, with the same filters. It is opaque, and "
        "pinned to a run where the list is of one.",
    ),
]
RunChoice = Annotated[
    str | None,
    Query(
        max_length=64,
        description="A whole run of the lake; the newest one if none is named.",
        examples=["20260612T081530123456-7kq2mx"],
    ),
]
ObjectText = Annotated[
    str,
    AfterValidator(_object_name),
    Query(
        min_length=1,
        max_length=2_000,
        json_schema_extra={"pattern": _OBJECT_NAME.pattern},
        description="`db`, `db.table` or `db.table.column`, with a catalog before it where it is "
        "not `hive`; a part that holds a dot stands in backticks.",
        examples=["monitoring_keystrokes.events"],
    ),
]
UserText = Annotated[
    str,
    Query(
        min_length=1,
        max_length=1_000,
        description="A user's exact name, as the lake's engine gets it.",
        examples=["dana.kim"],
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of your own. The same key again does nothing again, so a request "
        "whose answer was lost can be sent again. With other contents it is a conflict (409).",
        examples=["nightly-2026-06-12"],
    ),
]
