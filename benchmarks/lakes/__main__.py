"""Writes a generated lake: python -m benchmarks.lakes --scale 0.01 --out DIR."""

import argparse
import sys
import time
from pathlib import Path

from benchmarks.lakes import (
    GeneratedLake,
    lake_size,
    load_postgresql,
    write_directory,
    write_sqlite,
)


def main(arguments: list[str] | None = None) -> None:
    """Parse the options, write what they ask for, say what was written."""
    options = _parser().parse_args(arguments)
    try:
        size = lake_size(options.scale, options.seed)
    except ValueError as error:
        sys.exit(f"--scale: {error}")
    lake = GeneratedLake(size, memory=options.memory, threads=options.threads)
    started = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    write_directory(lake, options.out / "directory")
    if options.postgresql:
        load_postgresql(lake, options.postgresql)
    else:
        write_sqlite(lake, options.out / "metastore.sqlite")
    seconds = time.monotonic() - started
    print(
        f"{lake.label}: {size.tables:,} tables, {size.grants:,} grants, {size.people:,} people, "
        f"{size.groups:,} groups, {size.roles:,} roles, {size.views:,} views in {seconds:.1f} s"
    )
    if not options.postgresql:
        print(f"--source metastore+sqlite:///{options.out / 'metastore.sqlite'}", end=" ")
    print(f"--mode sql-standard --directory csv:{options.out / 'directory'} --groups none")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.lakes",
        description=(
            "Write a generated lake as a Hive metastore and a directory of people. "
            "Scale 1 is lake L: 1,000,000 tables, 10,000,000 grants, 100,000 people."
        ),
    )
    parser.add_argument(
        "--scale",
        type=float,
        default=0.01,
        help="part of lake L (default 0.01; 0.00001: 10 tables)",
    )
    parser.add_argument("--seed", type=int, default=2026, help="same seed, same lake")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument(
        "--postgresql",
        metavar="URL",
        help="load an empty PostgreSQL database in place of metastore.sqlite",
    )
    parser.add_argument("--memory", default="1GB", help="bound of the generator (default 1GB)")
    parser.add_argument("--threads", type=int, default=2, help="threads (default 2)")
    return parser


if __name__ == "__main__":
    main()
