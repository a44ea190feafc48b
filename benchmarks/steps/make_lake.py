"""Makes the snapshot of a generated lake: make_lake FOLDER SCALE."""

import sys
from pathlib import Path

from app.lake.snapshot import snapshots_folder
from app.lake.snapshot_writer import Taken, write_snapshot
from benchmarks.lakes import GeneratedLake, lake_size
from benchmarks.stored_lakes import LAKE


def main() -> None:
    """Write the snapshot below the folder."""
    folder, scale = Path(sys.argv[1]), float(sys.argv[2])
    lake = GeneratedLake(lake_size(scale))
    write_snapshot(lake.crawl(), snapshots_folder(folder, LAKE), Taken.now(lake.label))


if __name__ == "__main__":
    main()
