"""What the policies say, as the rest of Lakewarden asks it.

Implemented by `policy/` (the only importer of casbin); `core` and `audit` see these
protocols. A request is (subject, data class, right). A table that carries several
classes must be allowed for every one of them: that join is the caller's.
"""

from collections.abc import Mapping
from typing import Protocol

from pyroaring import FrozenBitMap

from app.core.classes import Classification
from app.core.frozen import frozen

SEVERITIES = ("SEV0", "SEV1", "SEV2", "SEV3", "SEV4")

#: How wide a reach is, for severity.yaml: widest first.
REACHES = ("everyone", "over-contract", "many", "few")


@frozen
class PolicyLine:
    """One `p` line of policy.csv, with its place."""

    values: tuple[str, ...]  # audience, class, right, effect (and what the model adds)
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: p, {', '.join(self.values)}"


@frozen
class SeverityTable:
    """severity.yaml: (tier, reach, right) → severity, or None: not an exposure."""

    cells: Mapping[tuple[str, str, str], str]
    many_people: int  # from this many people on, a reach is `many`

    def severity(self, tier: str, reach: str, right: str) -> str | None:
        """The severity; a right without a line of its own is never an exposure."""
        return self.cells.get((tier, reach, right))

    @property
    def judged_rights(self) -> tuple[str, ...]:
        """The rights that have a severity anywhere, sorted."""
        return tuple(sorted({right for _, _, right in self.cells}))


class Judge(Protocol):
    """The policies compiled for one population."""

    #: Why the exact slow path is taken (one enforce a request), or empty.
    slow_because: str

    def permitted(self, data_class: str, right: str) -> FrozenBitMap:
        """Bits of everybody whom policy allows the right on the class.

        ANYONE is in it when a name nobody mentions would be allowed; an opaque group
        when somebody known only as its member would be.
        """
        ...

    def lines_considered(self, data_class: str, right: str) -> tuple[PolicyLine, ...]:
        """The lines that speak of the class and the right, whoever their audience is."""
        ...

    def deciding_line(self, subject: str, data_class: str, right: str) -> PolicyLine | None:
        """The line that decides for one subject (`user:x`), if one does."""
        ...

    def decide(self, user: str, data_class: str, right: str) -> tuple[bool, PolicyLine | None]:
        """The answer for one user by exact name, and the line that decided, if one did.

        Also for a name that the population does not hold: policy may speak of it, by name or
        by pattern, so it is not what ANYONE is.
        """
        ...


@frozen
class Waiver:
    """One entry of waivers.yaml; enforced by the incidents, listed by the audit."""

    waiver: str
    reason: str
    approver: str
    expires: str  # ISO date, inclusive
    scope: Mapping[str, str]
    max_tables: int | None = None
    max_people: int | None = None
    file: str = ""
    line: int = 0


@frozen(slots=False)
class Policies:
    """Everything in one policies folder, read and checked."""

    folder: str
    digest: str  # sha256 over the files that decide, for the record
    model_text: str
    lines: tuple[PolicyLine, ...]
    hand_groupings: Mapping[str, tuple[tuple[str, ...], ...]]  # "g" → rows, "g2" → rows …
    classification: Classification
    severity: SeverityTable
    waivers: tuple[Waiver, ...]
