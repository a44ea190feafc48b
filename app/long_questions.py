"""The questions that need more than one object's grants, for the CLI and the API alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from app.core.changes import ChangeRows, compare_runs
from app.core.engine import Engine
from app.core.history import PastRun, WhoCould, who_could
from app.core.lake_view import LakeView
from app.core.names import parse_right
from app.core.what_can import Key, what_can


@dataclass(frozen=True)
class HeldPage:
    """Objects on which a user holds a right, JSON-ready, and where the next ones start."""

    rows: tuple[Mapping[str, Any], ...]
    next: str | None
    about: Mapping[str, Any]


def what_user_can(
    new_engine: Callable[[], Engine],
    view: LakeView,
    user: str,
    right_text: str,
    *,
    entry: tuple[str, bool],
    not_allowed: bool,
    after: str | None,
    limit: int,
) -> HeldPage:
    """A page of what a user can do. entry: the kind of the user and whether he is active."""
    right = parse_right(right_text)
    engine = new_engine()
    try:
        engine.open_snapshot(view.snapshot)
        found = what_can(
            engine,
            view,
            user,
            right,
            view.classes_of,
            not_allowed=not_allowed,
            after=_key(after),
        )
        page = list(islice(found, limit + 1))
    finally:
        engine.close()
    rows = tuple(
        {
            "object": held.object,
            "scope": held.scope,
            "right": right,
            "answer": held.answer,
            "permitted": held.permitted,
            "classes": list(held.classes),
            "columns": list(held.columns),
            "via": list(held.via),
        }
        for held in page[:limit]
    )
    following = "{}:{}".format(*page[limit - 1].key) if len(page) > limit else None
    return HeldPage(rows, following, _about(view, user, entry))


def _key(after: str | None) -> Key:
    if after is None:
        return (-1, -1)
    database, _, table = after.partition(":")
    return (int(database), int(table))


def _about(view: LakeView, user: str, entry: tuple[str, bool]) -> Mapping[str, Any]:
    kind, active = entry
    closure = view.memberships.closure(user)
    themselves = view.mode.can_make_themselves(view.one_user(user)).possible
    # Everybody stands for himself and for public: more than that is known of the name.
    return {
        "user": user,
        "known": kind != "unknown" or len(closure) > 2,
        "kind": kind,
        "active": active,
        "can_make_themselves": view.mode.self_service if themselves else "",
    }


def changes_between(
    new_engine: Callable[[], Engine], earlier: Path, later: Path, *, skip: int, limit: int
) -> ChangeRows:
    """A page of the changes between two runs' results folders."""
    engine = new_engine()
    try:
        return compare_runs(engine, earlier, later, skip=skip, limit=limit)
    finally:
        engine.close()


def who_could_between(past: Sequence[PastRun], right_text: str, object_text: str) -> WhoCould:
    """Who held a right on an object in one of some runs."""
    return who_could(past, parse_right(right_text), object_text)
