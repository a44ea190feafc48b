"""Crawls through HiveServer2 and the metastore's Thrift service: doors ROUNDS."""

import json
import sys

from benchmarks.doors import measure


def main() -> None:
    """Measure, and say what came of it."""
    print(json.dumps(measure(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
