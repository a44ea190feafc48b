"""The questions that need more than one object's grants, for the CLI and the API alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pyroaring import FrozenBitMap

from app.core.changes import ChangeRows, compare_runs
from app.core.engine import Engine
from app.core.errors import BadNameError
from app.core.history import PastRun, WhoCould, who_could
from app.core.lake_view import LakeView, class_names
from app.core.lineage import LineageRow, lineage
from app.core.names import parse_right, show
from app.core.view_text import ViewParses
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
    try:
        return (int(database), int(table))
    except ValueError:
        raise BadNameError(
            f"{show(after)!r} is no place to go on from",
            mend="Give what an earlier answer named as the next one",
        ) from None


def _about(view: LakeView, user: str, entry: tuple[str, bool]) -> Mapping[str, Any]:
    kind, active = entry
    themselves = view.mode.can_make_themselves(view.one_user(user)).possible
    return {
        "user": user,
        "known": kind != "unknown" or _named_in_lake(view, user),
        "kind": kind,
        "active": active,
        "can_make_themselves": view.mode.self_service if themselves else "",
    }


def _named_in_lake(view: LakeView, user: str) -> bool:
    """Whether a membership or a grant has the name; everybody is a member of public."""
    if any(edge.source != "everyone" for edge in view.memberships.parents(("USER", user))):
        return True
    rules = view.lookup.rows("rules")
    row = rules.first(("principal_type", "principal"), ("USER", user))
    return row < rules.count and rules.key(("principal_type", "principal"), row) == (
        b"USER",
        user.encode(),
    )


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


#: How lineage calls a relation → how answers call it.
_RELATIONS = {
    "reads": "view",
    "view": "view",
    "materialized view": "view",
    "copy": "copy",
    "same location": "same-location",
    "inside its location": "inside-location",
    "around its location": "around-location",
}


def lineage_of(
    new_engine: Callable[[], Engine], view_parses: ViewParses, view: LakeView, object_text: str
) -> Mapping[str, Any]:
    """What a table is made from, what is made from it, and whether that is as closed.

    Raises BadNameError for a database, NotFoundError for what is not there. A column is
    asked as its table.
    """
    asked = view.place(object_text)
    if asked.table is None:
        raise BadNameError(
            f"{asked.name} is a database", mend="Ask for a table or a view of it: db.table"
        )
    engine = new_engine()
    try:
        engine.open_snapshot(view.snapshot)
        found = lineage(engine, view_parses, asked.table)
    finally:
        engine.close()
    relatives = _Relatives(view, asked.table, found.rows)
    return {
        "object": str(view.lookup.table_name(asked.table)),
        **relatives.described(asked.table),
        "upstream": [relatives.row(each) for each in found.rows if each.relation == "reads"],
        "downstream": sorted(
            (relatives.row(each) for each in found.rows if each.relation != "reads"),
            # Views first; of copies, those that are less closed.
            key=lambda row: (
                row["relation"] != "view",
                row["relation"] != "view" and not row["wider"],
            ),
        ),
        "unparsed": [
            {"object": str(view.lookup.table_name(table)), "reason": reason}
            for table, reason in found.unparsed
        ],
    }


class _Relatives:
    """Who can read each relative of a table, beside who can read the table itself."""

    def __init__(self, view: LakeView, asked: int, rows: Sequence[LineageRow]) -> None:
        self._view = view
        self._known: dict[int, FrozenBitMap] = {}
        self._own = self._readers(asked)
        self._classes = view.classes_of(tuple(sorted({asked, *(row.table for row in rows)})))

    def row(self, relative: LineageRow) -> Mapping[str, Any]:
        """A relative, JSON-ready."""
        view = self._view
        return {
            "object": str(view.lookup.table_name(relative.table)),
            **self.described(relative.table),
            "relation": _RELATIONS.get(relative.relation, relative.relation),
            "distance": max(relative.depth, 1),
            "through": None
            if relative.through is None
            else str(view.lookup.table_name(relative.through)),
            "known_by": relative.known_by,
            "wider": bool(self._readers(relative.table) - self._own),
        }

    def described(self, table: int) -> Mapping[str, Any]:
        """What a table is, and who can read it."""
        count = self._view.reach.population.head_count(self._readers(table))
        return {
            "kind": self._view.lookup.rows("tables").value("kind", table) or "",
            "classes": list(class_names(self._classes.get(table, ()))),
            "people": count.people,
            "everyone": count.everyone,
        }

    def _readers(self, table: int) -> FrozenBitMap:
        """Whoever reads all of it, or a part of it."""
        if table not in self._known:
            mode, reach = self._view.mode, self._view.reach
            grants = self._view.lookup.table_grants(table, mode.inherited_levels)
            readers = mode.on_table("select", grants, reach).possible
            for column in grants.columns if mode.has_parts else ():
                readers |= mode.on_column("select", grants, column, reach).possible
            self._known[table] = readers
        return self._known[table]
