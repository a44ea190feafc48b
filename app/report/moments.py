"""Epoch seconds as people and machines read them: UTC, ISO 8601."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=65_536)
def iso_time(moment: int | str | None) -> str | None:
    """`2026-06-09T09:41:00Z`; None where nothing (or 0, Hive's nothing) was recorded.

    A number that is no time of the years 1970 to 9999 is None too. A text is already one.
    """
    if not moment or isinstance(moment, str):
        return moment or None
    try:
        found = datetime.fromtimestamp(moment, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return found.strftime("%Y-%m-%dT%H:%M:%SZ") if moment > 0 else None


def iso_date(moment: int | str | None) -> str | None:
    """`2026-06-09`, or None."""
    found = iso_time(moment)
    return found[:10] if found else None


def readable_time(moment: int | str | None) -> str:
    """`2026-06-09 09:41 UTC`, or `an unknown time`."""
    found = iso_time(moment)
    return f"{found[:10]} {found[11:16]} UTC" if found else "an unknown time"


def seconds_between(start: str | None, end: str | None) -> float | None:
    """How long from one ISO time to another, None where one is missing."""
    if not start or not end:
        return None
    return (_read(end) - _read(start)).total_seconds()


def _read(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
