"""Who must run a statement, and whether he is still there.

Source: Hive 4.0.1, tried. SQL-standard: REVOKE of a privilege is refused to whoever has no
row of his own for it (grantor = he himself), and then takes the *first* row with that
privilege, whoever granted it. So rows are taken in their order; whoever granted the last of
them can take them all; and an administrator who first grants the same privilege himself can
take everybody's, those of people who left and a creator's own rows too. REVOKE ROLE asks
for ADMIN or for the admin option, not for the grantor. Legacy: anybody may run anything,
one REVOKE takes one row.
"""

import pyarrow.compute as pc

from app.core.lake_view import LakeView
from app.core.rights.grant_rows import GrantRow

ANYONE_AT_ALL, ADMIN_ROLE, ADMIN_WORDS = "anyone", "admin", "ADMIN"


class Actors:
    """The people who can run statements on a lake."""

    def __init__(self, view: LakeView) -> None:
        self._view = view
        self.guarded = view.mode.name == "sql-standard"
        self._admins: tuple[str, ...] | None = None

    def present(self, user: str | None) -> bool:
        """Whether somebody can still log in: active in the directory, or nobody knows."""
        if not user:
            return False
        population = self._view.reach.population
        if not population.directory_known:
            return True
        bit = population.bit(user)
        return bool(bit) and bit not in population.inactive and bit not in population.unknown

    def administrators(self) -> tuple[str, ...]:
        """Active users who can SET ROLE ADMIN: members by themselves first, by name."""
        if self._admins is None:
            reach = self._view.reach
            holders = reach.principal("ROLE", ADMIN_ROLE).sure
            users = reach.population.users
            names = [users[bit - 1] for bit in holders if 0 < bit <= len(users)]
            direct = self._members(ADMIN_ROLE)
            there = sorted((name not in direct, name) for name in names if self.present(name))
            self._admins = tuple(name for _, name in there)
        return self._admins

    def _members(self, role: str) -> set[str]:
        rows = self._view.snapshot.mapped("role_members")
        mine = rows.filter(pc.fill_null(pc.equal(rows["role"], role), False))
        return set(mine["member"].to_pylist())

    def for_roles(self, role: str) -> tuple[str, str, str]:
        """(run_as, set_role, why) for a GRANT or REVOKE of a role; run_as empty: nobody."""
        if not self.guarded:
            return ANYONE_AT_ALL, "", "legacy authorization asks nobody"
        if role != role.lower():
            return "", "", f"SQL-standard authorization folds names: {role} cannot be named"
        if self.administrators():
            return ADMIN_ROLE, ADMIN_WORDS, "REVOKE ROLE takes ADMIN, whoever granted it"
        for holder in self._with_admin_option(role):
            return f"user:{holder}", "", f"{holder} holds {role} with admin option"
        return "", "", "nobody active holds the role admin, nor this role with admin option"

    def _with_admin_option(self, role: str) -> list[str]:
        rows = self._view.snapshot.mapped("role_members")
        rows = rows.filter(pc.fill_null(pc.equal(rows["role"], role), False))
        return sorted(
            row["member"]
            for row in rows.to_pylist()
            if row["role"] == role
            and row["member_type"] == "USER"
            and row["admin_option"]
            and self.present(row["member"])
        )

    def may_revoke(self, row: GrantRow) -> bool:
        """Whether the row's own grantor is there to take it back."""
        return row.grantor_type == "USER" and self.present(row.grantor)
