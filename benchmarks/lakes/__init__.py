"""Generated lakes to measure on: lake L and smaller ones; see docs/benchmark-lake.md."""

from benchmarks.lakes.generated_lake import GeneratedLake
from benchmarks.lakes.sinks import load_postgresql, write_directory, write_sqlite
from benchmarks.lakes.size import LakeSize, lake_size

__all__ = [
    "GeneratedLake",
    "LakeSize",
    "lake_size",
    "load_postgresql",
    "write_directory",
    "write_sqlite",
]
