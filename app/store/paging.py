"""Lists in pieces: a page, newest first, continued by the key of its last row."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Row, Select

from app.store.database import Session

Item = TypeVar("Item")
Key = TypeVar("Key", str, int)

LARGEST_PAGE = 200


@dataclass(frozen=True)
class Page(Generic[Item, Key]):
    """Some items; `next` is what `before` is for the following page, None at the end."""

    items: tuple[Item, ...]
    next: Key | None


def in_batches(keys: Sequence[str], size: int = 1000) -> Iterator[Sequence[str]]:
    """As many keys as one statement may name, again and again."""
    return (keys[start : start + size] for start in range(0, len(keys), size))


def newest_first(
    session: Session,
    query: Select[Any],
    key: Column[Key],
    before: Key | None,
    limit: int,
    item: Callable[[Row[Any]], Item],
) -> Page[Item, Key]:
    """Read one page. One row more than asked for tells whether there is another."""
    limit = max(1, min(limit, LARGEST_PAGE))
    if before is not None:
        query = query.where(key < before)
    rows: Sequence[Row[Any]] = session.execute(query.order_by(key.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    following: Key | None = getattr(shown[-1], key.name) if len(rows) > limit else None
    return Page(tuple(item(row) for row in shown), following)
