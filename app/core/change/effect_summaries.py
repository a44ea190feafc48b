"""What a change gives and takes, in groups, as a report lists it."""

from collections.abc import Mapping
from itertools import islice

from app.core.change.applying import Change
from app.core.change.effects import effect_groups
from app.core.findings import EffectSummary
from app.core.frozen import frozen
from app.core.reasons import ALLOWED, UNKNOWN

#: At most so many groups of effects stand in a report; the CSV has every access.
MOST_EFFECT_GROUPS = 500
_SAMPLE = 5


@frozen
class SummedEffects:
    """The widest groups, how many others there are, and all accesses counted by direction."""

    listed: tuple[EffectSummary, ...]
    left_out: int
    counts: Mapping[str, int]


def summed_effects(change: Change) -> SummedEffects:
    """The groups of a change's effects, the widest listed, all of them counted."""
    population = change.after.reach.population
    groups = effect_groups(change)
    counts = {"given": 0, "taken": 0, "unknown": 0}
    for group in groups:
        counts[_direction(group.before, group.after)] += group.accesses
    widest = sorted(groups, key=lambda group: -group.accesses)[:MOST_EFFECT_GROUPS]
    listed = tuple(
        EffectSummary(
            right=group.right,
            before=group.before,
            after=group.after,
            people=len(group.people),
            people_sample=tuple(
                population.subject(bit).removeprefix("user:")
                for bit in islice(group.people, _SAMPLE)
            ),
            objects=len(group.objects),
            objects_sample=tuple(group.objects[:_SAMPLE]),
        )
        for group in widest
    )
    return SummedEffects(listed, len(groups) - len(listed), counts)


def _direction(before: str, after: str) -> str:
    if UNKNOWN in (before, after):
        return "unknown"
    return "given" if after == ALLOWED else "taken"
