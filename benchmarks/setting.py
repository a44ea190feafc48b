"""How a run of the benchmarks was asked for."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.stored_lakes import StoredLake, stored_lake


@dataclass(frozen=True)
class Setting:
    """Where the lakes are, and how often each side is run."""

    lakes: Path
    runs: int

    @cached_property
    def lake(self) -> StoredLake:
        """Lake L, made where it is missing."""
        return stored_lake(self.lakes, "L1")

    @cached_property
    def tenth(self) -> StoredLake:
        """A tenth of it."""
        return stored_lake(self.lakes, "L01")
