"""The snapshots that are measured on: made once, then used again."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.lakes.size import LakeSize, lake_size
from benchmarks.process import run_step
from benchmarks.rounds import say

#: The lake's name in every data folder.
LAKE = "L"

#: Folder → scale.
SCALES = {"L1": 1.0, "L01": 0.1}


class WrongLakeError(RuntimeError):
    """A folder holds something else than the lake it is named for."""


@dataclass(frozen=True, slots=True)
class StoredLake:
    """A data folder with one snapshot; nothing else is written there."""

    folder: Path
    size: LakeSize

    @property
    def snapshot(self) -> Path:
        """The snapshot's folder. Raises WrongLakeError when it is not the only one."""
        found = [path for path in self.snapshots.glob("*") if not path.name.startswith(".")]
        if len(found) != 1:
            raise WrongLakeError(f"{self.snapshots} holds {len(found)} snapshots, not one")
        return found[0]

    @property
    def snapshots(self) -> Path:
        """Where the lake's snapshots stand in its data folder."""
        return self.folder / "snapshots" / LAKE

    @property
    def content_hash(self) -> str:
        """What the snapshot is, in short."""
        return str(self._read("manifest.json")["content_hash"])[:16]

    @property
    def label(self) -> str:
        """What the lake calls itself."""
        return str(self._read("taken.json")["source"])

    def _read(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.snapshot / name).read_bytes())
        return found


def stored_lake(lakes: Path, name: str) -> StoredLake:
    """The lake of a name in SCALES, made where it is missing. Raises WrongLakeError."""
    lake = StoredLake((lakes / name).resolve(), lake_size(SCALES[name]))
    if not any(lake.snapshots.glob("*/manifest.json")):
        say(f"making {name}: {lake.size.tables:,} tables, {lake.size.grants:,} grants")
        run_step("make_lake", lake.folder, SCALES[name])
    wanted = f"generated:scale={lake.size.scale:g},seed={lake.size.seed}"
    if lake.label != wanted:
        raise WrongLakeError(f"{lake.folder} holds {lake.label}, not {wanted}: remove it")
    return lake
