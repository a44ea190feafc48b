"""Ids that sort by the moment they were made."""

import secrets
from datetime import UTC, datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(now: datetime) -> str:
    """For example 20260612T081530123456-7kq2mx: the moment in UTC, then chance."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S%f}-{random_text(6)}"


def random_text(length: int) -> str:
    """Characters of 5 random bits each, none of them easily mistaken for another."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def utc_now() -> datetime:
    """The moment by this machine's clock."""
    return datetime.now(UTC)
