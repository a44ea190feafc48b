"""Notices and messages as JSON documents in a row, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.core.incidents import Notice
from app.core.routes import Message


def notice_document(notice: Notice) -> dict[str, Any]:
    """A notice as a row holds it."""
    return asdict(notice)


def notice_of(document: Mapping[str, Any]) -> Notice:
    """The notice of a row."""
    lists = {name: tuple(document[name]) for name in ("classes", "kinds")}
    return Notice(**{**document, **lists})


def message_document(message: Message) -> dict[str, Any]:
    """A message as a row holds it."""
    return asdict(message)


def message_of(document: Mapping[str, Any]) -> Message:
    """The message of a row."""
    return Message(
        id=document["id"],
        at=document["at"],
        severity=document["severity"],
        notices=tuple(notice_of(one) for one in document["notices"]),
        again=document["again"],
        trail=tuple(document["trail"]),
    )
