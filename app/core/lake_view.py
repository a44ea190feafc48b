"""A lake opened for questions: its newest snapshot, its mode, and who its people are."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Protocol

from pyroaring import FrozenBitMap

from app.core.errors import NotFoundError
from app.core.frozen import frozen
from app.core.gaps import unread_grants
from app.core.lookup import Lookup, Place
from app.core.memberships import Memberships
from app.core.names import parse_object
from app.core.reach import OneUserReach, PopulationReach, PrincipalSet, Reach, build_reach
from app.core.rights.mode import AuthorizationMode, groups_seen
from app.core.snapshots import Snapshot
from app.core.verdicts import Judge, PolicyLine


class ClassesOf(Protocol):
    """Finds the classes of some tables (core.classify on an engine, or a run's record)."""

    def __call__(self, tables: tuple[int, ...]) -> Mapping[int, tuple["ClassOnTable", ...]]:
        """The classes of each table, by ordinal."""
        ...


class ReachOf(Protocol):
    """Finds everybody behind principals: `core.reach.build_reach`, or what is kept of it."""

    def __call__(
        self, snapshot: Snapshot, *, engine_groups: str | None, everyone_at: float
    ) -> PopulationReach:
        """As `build_reach`."""
        ...


class DecideOne(Protocol):
    """Asks the policies about one subject, without a population."""

    def __call__(
        self, user: str, classes: tuple[str, ...], right: str
    ) -> tuple[bool, tuple[PolicyLine, ...]]:
        """Whether policy allows all of the classes, and the lines that decided."""
        ...


@frozen
class ClassOnTable:
    """A class that a table carries, as a whole (column empty) or on one column."""

    data_class: str
    rule: str  # the rule that said so, with its place
    column: str = ""
    inherited_from: str = ""  # the table that a view got it from


@frozen(slots=False)
class LakeView:
    """One snapshot under one mode, for questions about single objects and people.

    Opening it reads nothing; the population is built when a question needs everybody.
    """

    lake: str
    snapshot: Snapshot
    mode: AuthorizationMode
    engine_groups: str | None
    everyone_at: float
    classes_of: ClassesOf
    decide_one: DecideOne
    compile_judge: Callable[[PopulationReach], Judge]
    reach_of: ReachOf = build_reach

    @cached_property
    def lookup(self) -> Lookup:
        """Where objects and grants are found."""
        return Lookup(self.snapshot)

    @cached_property
    def memberships(self) -> Memberships:
        """Who is a member of what."""
        return Memberships(self.lookup, self.engine_groups, self.mode.uses_groups)

    @cached_property
    def reach(self) -> PopulationReach:
        """Everybody, built once."""
        groups = groups_seen(self.mode, self.engine_groups)
        return self.reach_of(self.snapshot, engine_groups=groups, everyone_at=self.everyone_at)

    @cached_property
    def judge(self) -> Judge:
        """The policies compiled for everybody, built once."""
        return self.compile_judge(self.reach)

    @cached_property
    def unread_grants(self) -> str:
        """Why a denial may be wrong: grants that were not read. Empty: it can be trusted."""
        return unread_grants(self.snapshot.mapped("gaps").to_pylist(), self.mode)

    @cached_property
    def catalogs(self) -> frozenset[str]:
        """The lake's catalogs, folded."""
        return self.lookup.catalogs()

    def place(self, text: str) -> Place:
        """The object a user wrote. Raises BadNameError, or NotFoundError with its mend."""
        name = parse_object(text, self.catalogs)
        found = self.lookup.find(name)
        if found is None:
            raise NotFoundError(
                f"{name} is not in the snapshot of {self.lake}",
                mend="Check the name, or crawl again if it is new",
            )
        return found

    def holders(self, right: str, place: Place, reach: Reach | None = None) -> PrincipalSet:
        """Who holds a right on an object; among everybody unless a reach is given."""
        among = reach or self.reach
        if place.table is None:
            return self.mode.on_database(right, self.lookup.database_grants(place.database), among)
        grants = self.lookup.table_grants(place.table, self.mode.inherited_levels)
        if place.column:
            return self.mode.on_column(right, grants, place.column, among)
        return self.mode.on_table(right, grants, among)

    def one_user(self, user: str) -> OneUserReach:
        """One user's reach, without the population."""
        return self.memberships.one_user(user)

    def classes_at(self, place: Place) -> tuple[ClassOnTable, ...]:
        """The classes of an object: a column's own and those of its whole table."""
        if place.table is None:
            return ()
        found = self.classes_of((place.table,)).get(place.table, ())
        if place.column:
            return tuple(each for each in found if each.column in ("", place.column))
        return found

    def permitted(self, classes: tuple[str, ...], right: str) -> FrozenBitMap:
        """Whom policy allows a right on every one of the classes."""
        allowed: FrozenBitMap | None = None
        for name in classes:
            one = self.judge.permitted(name, right)
            allowed = one if allowed is None else allowed & one
        return allowed or FrozenBitMap()


def class_names(classes: tuple[ClassOnTable, ...]) -> tuple[str, ...]:
    """The distinct classes, sorted; `unclassified` for none."""
    return tuple(sorted({each.data_class for each in classes})) or ("unclassified",)
