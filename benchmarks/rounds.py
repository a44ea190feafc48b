"""Taking turns: whatever disturbs the machine disturbs both sides alike."""

import statistics
import sys
from collections.abc import Callable, Mapping
from typing import TypeVar

Taken = TypeVar("Taken")


def alternate(sides: Mapping[str, Callable[[], Taken]], runs: int) -> dict[str, list[Taken]]:
    """Run every side in turn, so many times: A B A B."""
    taken: dict[str, list[Taken]] = {name: [] for name in sides}
    for turn in range(runs):
        for name, side in sides.items():
            say(f"  {turn + 1}/{runs} {name}")
            taken[name].append(side())
    return taken


def say(text: str) -> None:
    """Tell whoever waits what is going on."""
    print(text, file=sys.stderr, flush=True)


def median(values: list[float]) -> float:
    """The middle one."""
    return statistics.median(values)
