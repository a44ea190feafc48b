"""What an authorization mode says, and the sets it says it in.

One file a mode beside this one. A mode gives each recorded grant a `Meaning` and joins
the meanings of one object's grants into the people who hold a right on it. The audit
uses the meanings to find candidates over the whole lake and the joins to be exact.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from pyroaring import FrozenBitMap

from app.core.frozen import frozen
from app.core.reach import NOBODY, PrincipalSet, Reach
from app.core.rights.grant_rows import DatabaseGrants, GrantRow, TableGrants

DATA_RIGHTS = ("select", "insert", "update", "delete")


@frozen
class Meaning:
    """What one recorded grant does in a mode.

    gives: rights of names.RIGHTS, `delegate` among them where the option counts.
    refuses: it makes the engine refuse whatever its principal asks of the object.
    inert: why it does nothing, where it does nothing.
    """

    gives: frozenset[str] = frozenset()
    refuses: bool = False
    inert: str = ""


class AuthorizationMode(Protocol):
    """How an engine decides from recorded grants."""

    name: str
    #: Levels whose grants reach a table: `table`, and in legacy those above it.
    inherited_levels: tuple[str, ...]
    #: Whether grants on columns or partitions open parts of a table.
    has_parts: bool
    #: Whether `Authorized=false` on a view counts (core.guarded_views).
    asks_under_views: bool
    #: Whether groups of the directory can matter to the engine at all.
    uses_groups: bool
    #: Said of the whole lake when someone can make himself able to do anything.
    self_service: str

    def meaning(
        self,
        level: str,
        principal_type: str,
        principal: str,
        privilege: str,
        grant_option: bool | None,
        authorizer: str | None,
    ) -> Meaning:
        """What a recorded grant with these values does."""
        ...

    def helps(self, grant: GrantRow) -> frozenset[str]:
        """The rights that a grant may be one of the reasons for, by itself or with others."""
        ...

    def on_table(self, right: str, table: TableGrants, reach: Reach) -> PrincipalSet:
        """Who holds a right on the whole of a table or view."""
        ...

    def on_column(self, right: str, table: TableGrants, column: str, reach: Reach) -> PrincipalSet:
        """Who holds a right on one column, given by its folded name."""
        ...

    def on_database(self, right: str, database: DatabaseGrants, reach: Reach) -> PrincipalSet:
        """Who holds a right on a database itself."""
        ...

    def can_make_themselves(self, reach: Reach) -> PrincipalSet:
        """Who can give himself every right, as things are set up (not who has it)."""
        ...


def union(sets: Iterable[PrincipalSet]) -> PrincipalSet:
    """Whoever is in one of them."""
    found = [each for each in sets if each.possible]
    if len(found) < 2:
        return found[0] if found else NOBODY
    possible = FrozenBitMap.union(*(each.possible for each in found))
    if all(_is_certain(each) for each in found):
        return PrincipalSet(possible, possible)
    return PrincipalSet(possible, FrozenBitMap.union(*(each.sure for each in found)))


def _is_certain(each: PrincipalSet) -> bool:
    """Whether nobody is in doubt; where both sets are one object, they need not be compared."""
    return each.sure is each.possible


def intersection(sets: Iterable[PrincipalSet]) -> PrincipalSet:
    """Whoever is in all of them; nobody when there are none."""
    result: PrincipalSet | None = None
    for each in sets:
        result = each if result is None else _both(result, each)
    return result or NOBODY


def _both(one: PrincipalSet, other: PrincipalSet) -> PrincipalSet:
    possible = one.possible & other.possible
    if _is_certain(one) and _is_certain(other):
        return PrincipalSet(possible, possible)
    return PrincipalSet(possible, one.sure & other.sure)


def without(holders: PrincipalSet, refused: PrincipalSet) -> PrincipalSet:
    """The holders less the refused: in doubt where the refusal is."""
    if not refused.possible:
        return holders
    return PrincipalSet(holders.possible - refused.sure, holders.sure - refused.possible)


def with_beside(
    found: PrincipalSet, table: TableGrants, readers: Callable[[TableGrants], PrincipalSet]
) -> PrincipalSet:
    """Those of a view's readers who also read what is asked beside it."""
    for other in table.beside:
        found = _both(found, readers(other))
    return found if table.beside_is_all else PrincipalSet(found.possible, NOBODY.sure)


def groups_seen(mode: AuthorizationMode, engine_groups: str | None) -> str | None:
    """Whose groups a mode lets into roles and grants: `none` where it knows no groups.

    engine_groups: what the operator says of the server (`directory`, `none`, None unsaid).
    Rows of groups that such a mode keeps make nobody a member of a role.
    """
    return engine_groups if mode.uses_groups else "none"


OWNER_TYPES = (None, "USER", "ROLE", "GROUP")


def unreadable(table: TableGrants) -> bool:
    """Whether Hive cannot fetch the table at all, so that everybody is refused.

    Source: Hive 4.0.1, tried: an OWNER_TYPE that is no constant of PrincipalType.
    """
    return table.owner_type not in OWNER_TYPES


def principals(grants: Iterable[GrantRow], reach: Reach) -> PrincipalSet:
    """Whoever stands behind the principals of some grants."""
    return union(reach.principal(grant.principal_type, grant.principal) for grant in grants)
