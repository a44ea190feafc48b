"""Who runs the statements, and what Hive lets him do. Source: Hive 4.0.1, tried."""

from dataclasses import dataclass, replace

from app.core.change.lookup import ChangedLookup
from app.core.change.memberships import ChangedMemberships
from app.core.lookup import Place
from app.core.memberships import Subject
from app.core.reach import BROKEN, PUBLIC, OneUserReach
from app.core.rights.grant_rows import DatabaseGrants, GrantRow
from app.core.rights.mode import AuthorizationMode

ADMIN = "admin"

#: The roles that a session may have, beside one role's name.
DEFAULT, NO_ROLES = "all", "none"


@dataclass
class Runner:
    """One session. `user` is None where nobody said who runs it: then he may do it all.

    `role`: `admin`, `all` (his own but admin), `none`, or one role's name.
    """

    user: str | None
    role: str
    mode: AuthorizationMode
    lookup: ChangedLookup
    memberships: ChangedMemberships
    engine_groups: str | None

    @property
    def is_sql_standard(self) -> bool:
        """Whether the rules of SQL-standard authorization hold."""
        return self.mode.name == "sql-standard"

    @property
    def is_admin(self) -> bool:
        """Whether he may do anything that SQL-standard asks for."""
        return self.user is None or (self.is_sql_standard and self.role == ADMIN)

    def all_roles(self) -> frozenset[str]:
        """Every role he holds, `public` and `admin` among them."""
        if self.user is None:
            return frozenset()
        closure = self.memberships.closure(self.user)
        return frozenset(name for kind, name in closure if kind == "ROLE")

    def current_roles(self) -> frozenset[str]:
        """The roles his session has now."""
        if self.role == NO_ROLES or self.user is None:
            return frozenset()
        if self.role == DEFAULT:
            return frozenset(role for role in self.all_roles() if role.lower() != ADMIN)
        # That role alone, without the roles it is in. Source: Hive 4.0.1, tried.
        return frozenset((self.role,))

    def set_role(self, name: str) -> str:
        """Take a role; why the engine would refuse it, or nothing."""
        if self.user is None:
            self.role = name
            return ""
        folded = name.lower()
        if folded not in (DEFAULT, NO_ROLES) and folded not in self.all_roles():
            return f"{self.user} does not belong to role {folded}"
        self.role = folded
        return ""

    def subjects(self) -> frozenset[Subject]:
        """The principals whose grants count for him now."""
        own = {("USER", self.user)} if self.user is not None else set()
        return frozenset((*own, *(("ROLE", role) for role in self.current_roles())))

    def _reach(self) -> OneUserReach:
        if self.is_sql_standard:
            return OneUserReach(self.subjects(), frozenset())
        assert self.user is not None
        return self.memberships.one_user(self.user)

    def may(self, right: str, place: Place) -> bool:
        """Whether he holds a right on an object as it stands."""
        if self.is_admin:
            return True
        if place.table is None:
            database = self.lookup.database_grants(place.database)
            return bool(self.mode.on_database(right, database, self._reach()).possible)
        grants = self.lookup.table_grants(place.table, self.mode.inherited_levels)
        return bool(self.mode.on_table(right, grants, self._reach()).possible)

    def may_anywhere(self, right: str, grants: DatabaseGrants) -> bool:
        """Whether grants on no object give him a right."""
        return bool(self.mode.on_database(right, grants, self._reach()).possible)

    def may_drop(self, place: Place, *, any_level: bool) -> bool:
        """Whether he may drop a table; legacy asks above it for tables, anywhere for views."""
        if self.is_admin:
            return True
        assert place.table is not None
        grants = self.lookup.table_grants(place.table, self.mode.inherited_levels)
        grants = replace(grants, is_view=any_level)
        return bool(self.mode.on_table("drop", grants, self._reach()).possible)

    def may_read(self, place: Place, columns: frozenset[str] | None) -> bool:
        """Whether he may read some columns of a table; None: all of them."""
        if self.is_admin:
            return True
        assert place.table is not None
        grants = self.lookup.table_grants(place.table, self.mode.inherited_levels)
        reach = self._reach()
        if self.mode.on_table("select", grants, reach).possible:
            return True
        known = {*grants.columns, *grants.partition_keys}
        return bool(columns) and all(
            self.mode.on_column("select", grants, name, reach).possible
            for name in columns or ()
            if name in known
        )

    def held(self, rows: list[GrantRow]) -> set[str]:
        """The privileges that he may pass on by these rows (SQL-standard)."""
        subjects = self.subjects()
        return {
            row.privilege.upper()
            for row in rows
            if row.grant_option and (row.principal_type, row.principal) in subjects
        }

    def may_give_role(self, role: str) -> bool:
        """Whether he may grant or revoke a role: ADMIN, or the option on a current role.

        The role must be current; the way by which he holds it need not be. Source: Hive
        4.0.1, tried.
        """
        if self.is_admin:
            return True
        if role not in self.current_roles():
            return False
        subjects: set[Subject] = {("USER", str(self.user))}
        subjects.update(("ROLE", name) for name in self.all_roles() | {PUBLIC})
        return any(
            edge.admin_option and edge.of == ("ROLE", role)
            for subject in subjects
            for edge in self.lookup.role_rows(subject)
        )

    def is_broken(self) -> bool:
        """Whether a membership that Hive cannot read makes it refuse him everything."""
        return BROKEN in self.all_roles()
