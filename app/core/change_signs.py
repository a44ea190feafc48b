"""Signs of change: cheap looks at a lake that tell whether it is worth a crawl.

A sign is a few values by part of the lake. They are compared and never read: where one
differs from the time before, that part may have changed. What a sign can miss is said by
whoever makes it; a whole crawl at intervals is the truth.
"""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from app.core.facts import Facts, Progress, no_progress

#: The parts of a lake a sign speaks of. ACCESS: grants, roles, memberships. OBJECTS:
#: databases, tables, views and their owners. DETAILS: columns, properties, partitions.
#: ANYTHING: a sign of one value for all. PEOPLE: the directory. POLICIES: their files.
ACCESS, OBJECTS, DETAILS, ANYTHING = "access", "objects", "details", "anything"
PEOPLE, POLICIES = "people", "policies"


@dataclass(frozen=True, slots=True)
class Sign:
    """What one look found, by part."""

    values: Mapping[str, Hashable] = field(default_factory=dict)

    def joined(self, other: "Sign") -> "Sign":
        """Both as one; a part that both speak of is the pair of their values."""
        values = dict(self.values)
        for part, value in other.values.items():
            values[part] = (values[part], value) if part in values else value
        return Sign(values)


def changed_parts(before: Sign, now: Sign) -> frozenset[str]:
    """The parts whose values differ; one that a sign no longer or newly speaks of is among them."""
    parts = before.values.keys() | now.values.keys()
    missing = object()
    return frozenset(
        part for part in parts if before.values.get(part, missing) != now.values.get(part, missing)
    )


class SignReader(Protocol):
    """An open look at a lake, for one thread."""

    #: What a change of this lake must be to go unnoticed by the sign, for people to read.
    misses: tuple[str, ...]

    def sign(self) -> Sign:
        """Look now. Raises SourceError when the lake cannot be reached."""
        ...


@runtime_checkable
class ChangeSign(Protocol):
    """A source that can be looked at cheaply, beside being crawled."""

    def signs(self) -> AbstractContextManager[SignReader]:
        """Open the look; it is closed at the end. Raises SourceError."""
        ...


@runtime_checkable
class PartialCrawl(Protocol):
    """A source that can be crawled again for who may do what alone."""

    def crawl_access(self, progress: Progress = no_progress) -> Iterator[Facts] | None:
        """All facts but those of columns, table properties, partitions and view sources.

        None when only a whole crawl will do. Raises SourceError.
        """
        ...
