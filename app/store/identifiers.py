"""Ids that sort by the moment they were made."""

import secrets
from datetime import UTC, datetime, timedelta

_MOMENT = "%Y%m%dT%H%M%S%f"
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(now: datetime, *, after: str | None = None) -> str:
    """For example 20260612T081530123456-7kq2mx: the moment in UTC, then chance.

    It sorts behind `after` even when the clock was set back since.
    """
    moment = now.astimezone(UTC)
    if after is not None:
        moment = max(moment, _moment(after) + timedelta(microseconds=1))
    return f"{moment:{_MOMENT}}-{random_text(6)}"


def random_text(length: int) -> str:
    """Characters of 5 random bits each, none of them easily mistaken for another."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def utc_now() -> datetime:
    """The moment by this machine's clock."""
    return datetime.now(UTC)


def _moment(identifier: str) -> datetime:
    return datetime.strptime(identifier.partition("-")[0], _MOMENT).replace(tzinfo=UTC)
