"""The crawl of a PostgreSQL metastore against COPY: crawl_postgresql TABLES GRANTS ROUNDS."""

import json
import sys

from benchmarks.crawl import measure


def main() -> None:
    """Measure, in turn, and say what came of it."""
    tables, grants, rounds = (int(each) for each in sys.argv[1:4])
    print(json.dumps(measure(tables, grants, rounds)))


if __name__ == "__main__":
    main()
