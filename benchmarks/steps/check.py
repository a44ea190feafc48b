"""Check a file of statements over an open snapshot: check CONFIG FILE.

Importing, opening the snapshot and reading the policies are not timed; reading the
statements, what they mean, the rules and the report are. Says how long it took and what
was found.
"""

import json
import sys
import time
from pathlib import Path

# All that a check imports, before the clock starts.
import app.core.change.rules
import app.core.statements.reading
import app.core.table_classes
import app.lake.engine_duckdb
import app.lake.population_index
import app.lake.view_parse_cache
import app.policy.compiled  # noqa: F401
from app import wiring
from app.check import CheckRequest, SqlFile, check_change
from app.settings import load_settings
from benchmarks.stored_lakes import LAKE


def main() -> None:
    """Open, check, say."""
    settings, file = load_settings(Path(sys.argv[1])), Path(sys.argv[2])
    request = CheckRequest(files=(SqlFile(file.name, file.read_bytes()),))
    place = wiring.CheckPlace(None, (), None, None)
    with wiring.opened_check(settings, wiring.LakeChoice(lake=LAKE), place) as parts:
        began = time.perf_counter()
        checked = check_change(parts, request)
        took = time.perf_counter() - began
    print(
        json.dumps(
            {
                "seconds": took,
                "statements": sum(each.statements for each in checked.report.files),
                "findings": len(checked.report.findings),
                "judged": checked.report.exit_code != 2,
            }
        )
    )


if __name__ == "__main__":
    main()
