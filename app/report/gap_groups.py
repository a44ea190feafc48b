"""Gaps gathered by their reason, so that a thousand of one sort read as one line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GapGroup:
    """What could not be read for one reason, and what is in doubt for it."""

    scope: str
    reason: str
    doubt: str
    objects: tuple[str, ...]  # without the empty name, which means the whole scope
    count: int


def gap_groups(gaps: Iterable[Mapping[str, str | None]]) -> list[GapGroup]:
    """The groups, in the order in which their first gaps come."""
    gathered: dict[tuple[str, str, str], list[str]] = {}
    for gap in gaps:
        key = (gap["scope"] or "", gap["reason"] or "", gap["doubt"] or "")
        gathered.setdefault(key, []).append(gap["object"] or "")
    return [
        GapGroup(*key, tuple(name for name in objects if name), len(objects))
        for key, objects in gathered.items()
    ]
