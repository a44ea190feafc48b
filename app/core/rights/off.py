"""No authorization: hive.security.authorization.enabled=false, Hive's own default.

Everybody who reaches the engine can do everything. That is the finding.
"""

from app.core.reach import NOBODY, PrincipalSet, Reach
from app.core.rights.grant_rows import DatabaseGrants, GrantRow, TableGrants
from app.core.rights.mode import Meaning


class Off:
    """Authorization switched off."""

    name = "off"
    inherited_levels: tuple[str, ...] = ()
    has_parts = False
    asks_under_views = False
    uses_groups = False
    self_service = ""

    def meaning(
        self,
        level: str,
        principal_type: str,
        principal: str,
        privilege: str,
        grant_option: bool | None,
        authorizer: str | None,
    ) -> Meaning:
        """Nothing is read, so nothing recorded matters."""
        return Meaning(inert="authorization is off: nothing reads recorded grants")

    def helps(self, grant: GrantRow) -> frozenset[str]:
        """None: nothing reads it."""
        return frozenset()

    def on_table(self, right: str, table: TableGrants, reach: Reach) -> PrincipalSet:
        """Everybody."""
        return reach.whoever()

    def on_column(self, right: str, table: TableGrants, column: str, reach: Reach) -> PrincipalSet:
        """Everybody."""
        return reach.whoever()

    def on_database(self, right: str, database: DatabaseGrants, reach: Reach) -> PrincipalSet:
        """Everybody."""
        return reach.whoever()

    def can_make_themselves(self, reach: Reach) -> PrincipalSet:
        """Nobody needs to."""
        return NOBODY
