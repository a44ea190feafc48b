"""What each statement wrote, so that an access can be led back to the statement that gave it."""

from enum import StrEnum
from typing import TYPE_CHECKING

from app.core.change.tables import How
from app.core.frozen import frozen
from app.core.memberships import Subject
from app.core.rights.grant_rows import GrantRow
from app.core.statements.types import Span, Statement

if TYPE_CHECKING:
    from app.core.view_text import ViewParse


class Wrote(StrEnum):
    """What a statement wrote."""

    GRANT = "grant"
    MEMBERSHIP = "membership"
    OWNER = "owner"
    MADE = "made"  # a table or view, with its owner's rows
    DESCRIBED = "described"  # a name, properties or columns
    DATA = "data"  # into a table that was there
    TOOK = "took"  # a grant, a membership or a role away
    DROPPED = "dropped"


@frozen
class Cause:
    """One thing that a statement wrote. `table` and `database` are ordinals."""

    statement: Statement
    wrote: Wrote
    span: Span
    table: int | None = None
    database: int | None = None
    row: GrantRow | None = None
    member: Subject | None = None
    role: str = ""


@frozen
class Holding:
    """What a table or view holds of others: the query, and the table behind each source."""

    statement: Statement
    how: How
    parse: "ViewParse"
    sources: tuple[int | None, ...]  # by number of the source; None: not found
    database: str  # where the session was: that of names without one


@frozen
class Taking:
    """What a REVOKE was meant to take, and whether it took it.

    `rows` are those taken away (or their option); `left_by` names the grantors whose rows
    of the same principal and privilege stand after it.
    """

    statement: Statement
    span: Span
    principal: Subject
    table: int | None
    database: int | None
    privileges: tuple[str, ...]
    option_only: bool
    refused: str
    rows: tuple[GrantRow, ...] = ()
    role: str = ""
