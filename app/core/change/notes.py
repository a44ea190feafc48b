"""What is to be said of single statements of a change."""

from enum import StrEnum

from app.core.frozen import frozen
from app.core.statements.types import Span, Statement


class Kind(StrEnum):
    """What a note says."""

    REFUSED = "refused"  # the engine would not run the statement, or a part of it
    NO_EFFECT = "no-effect"  # it runs and changes nobody's access
    ONLY_BY = "only-by"  # it does what it does only where one person runs it
    UNKNOWN = "unknown"  # what it does cannot be said
    DOUBLE = "double"  # the engine would refuse it: it grants what is granted already
    MISSING = "missing"  # it names what the snapshot does not have: refused, or unknown


@frozen
class Note:
    """One thing to say of one statement. `by` is who would have to run it, if that is it."""

    statement: Statement
    kind: Kind
    reason: str
    span: Span
    by: str = ""


class Refused(Exception):  # noqa: N818 - it is no error of the program
    """The engine would refuse the statement."""

    def __init__(self, reason: str, span: Span | None = None, kind: Kind = Kind.REFUSED) -> None:
        super().__init__(reason)
        self.reason = reason
        self.span = span
        self.kind = kind
