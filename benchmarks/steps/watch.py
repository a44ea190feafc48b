"""From a GRANT typed into a real Hive to the recorded exposure: watch ROUNDS."""

import json
import sys

from benchmarks.watch import measure


def main() -> None:
    """Measure, and say what came of it."""
    print(json.dumps(measure(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
