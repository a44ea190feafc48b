"""A lake as it would be after a change, asked like any other lake."""

from collections.abc import Callable
from functools import cached_property

from app.core.change.lookup import ChangedLookup
from app.core.change.memberships import ChangedMemberships
from app.core.change.reach import changed_reach, with_names
from app.core.frozen import frozen
from app.core.lake_view import LakeView
from app.core.lookup import Lookup
from app.core.reach import PopulationReach
from app.core.verdicts import Judge


@frozen(slots=False)
class NamedView(LakeView):
    """A lake before a change, with the names that the change brings among its people."""

    base: LakeView | None = None
    names: Callable[[], tuple[frozenset[str], frozenset[str]]] = lambda: (frozenset(), frozenset())

    @cached_property
    def lookup(self) -> Lookup:
        """Where objects and grants are found: as without the names."""
        assert self.base is not None
        return self.base.lookup

    @cached_property
    def reach(self) -> PopulationReach:
        """Everybody, and the users and groups that only the change names."""
        assert self.base is not None
        users, groups = self.names()
        return with_names(self.base.reach, users, groups)

    @cached_property
    def judge(self) -> Judge:
        """The policies compiled for everybody."""
        assert self.base is not None
        return self.base.judge if self.reach is self.base.reach else super().judge


@frozen(slots=False)
class ChangedView(LakeView):
    """A lake after a change."""

    before: LakeView | None = None
    changed: ChangedLookup | None = None

    @cached_property
    def lookup(self) -> ChangedLookup:
        """Objects and grants after the change."""
        assert self.changed is not None
        return self.changed

    @cached_property
    def memberships(self) -> ChangedMemberships:
        """Memberships after the change."""
        return ChangedMemberships(self.lookup, self.engine_groups, self.mode.uses_groups)

    @cached_property
    def reach(self) -> PopulationReach:
        """Everybody after the change, on the bits of before."""
        assert self.before is not None
        return changed_reach(
            self.before.reach, self.lookup, self.before.memberships, self.memberships
        )

    @cached_property
    def judge(self) -> Judge:
        """The policies compiled for everybody."""
        assert self.before is not None
        return self.before.judge if self.reach is self.before.reach else super().judge
