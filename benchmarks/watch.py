"""From a GRANT typed into a real Hive to the recorded exposure, in watch mode.

The demonstration lake (60,000 tables, 45,000 of them sensitive) stands in a PostgreSQL
metastore; a HiveServer2 on it takes `GRANT … TO ROLE public` from PyHive; a process
`lakewarden audit --watch` that was started before watches the metastore's database. Then a
worker does, and the webhook it sends is what counts.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from app.demo.build import build_demonstration
from app.wiring import starter_policies
from benchmarks.alerted import measure_alerts
from benchmarks.process import LAKEWARDEN
from tests.hive.demonstration import DemonstrationServer
from tests.hive.hive_server import ADMIN, HiveServer, hive_server
from tests.hive.postgres_server import postgres_server

_TABLE = "hr_payroll.payroll_2026"


def measure(rounds: int) -> dict[str, Any]:
    """Seconds of each round, from before the GRANT was sent, and since Hive answered it."""
    with tempfile.TemporaryDirectory(prefix="lakewarden-watch-") as name, postgres_server() as pg:
        built = build_demonstration(Path(name) / "lake")
        with hive_server(DemonstrationServer(pg.cluster, built.metastore), "sql-standard") as hive:
            options = ["--source", f"metastore+{hive.metastore_url}", "--mode", built.mode]
            options += ["--directory", built.directory_url, "--groups", built.groups]
            options += ["--policies", str(starter_policies())]
            with _watching(options, Path(name)) as lines:
                first = next(lines)
                found = [_round(hive, lines) for _ in range(rounds)]
            alerted = measure_alerts(hive, built, _TABLE, Path(name) / "alerts", rounds)
    from_typing = [typed for typed, _ in found]
    return {
        "from_typing": from_typing,
        "from_answer": [answered for _, answered in found],
        "median": median(from_typing),
        "to_webhook": alerted,
        "median_to_webhook": median(alerted),
        "first_round": first["seconds"],
        "tables": built.expected.tables,
        "sensitive": built.expected.monitoring_tables,
    }


def _round(hive: HiveServer, lines: Iterator[dict[str, Any]]) -> tuple[float, float]:
    """Grant, wait until the exposure is on record, take it back and wait again."""
    with hive.connect(ADMIN) as connection:
        cursor = connection.cursor()
        cursor.execute("SET ROLE ADMIN")
        typed = time.monotonic()
        cursor.execute(f"GRANT SELECT ON TABLE {_TABLE} TO ROLE public")
        answered = time.monotonic()
        opened = _next_change(lines)
        recorded = time.monotonic()
        by_status = opened["exposures"]["by_status"]
        if by_status.get("opened", 0) + by_status.get("grown", 0) != 1:
            raise RuntimeError(f"not one exposure opened or grew: {by_status}")
        cursor.execute(f"REVOKE SELECT ON TABLE {_TABLE} FROM ROLE public")
        _next_change(lines)
    time.sleep(2)  # the next grant is not to meet the end of this round
    return recorded - typed, recorded - answered


def _next_change(lines: Iterator[dict[str, Any]]) -> dict[str, Any]:
    return next(
        line for line in lines if line.get("problem") or (line["changed"] and "run" in line)
    )


@contextmanager
def _watching(options: list[str], folder: Path) -> Iterator[Iterator[dict[str, Any]]]:
    """The lines of a watch, each a round that is on record."""
    command: list[str | Path] = [LAKEWARDEN, "audit", "--watch", "--format", "json", *options]
    with (
        (folder / "said").open("wb") as said,
        subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            yield (json.loads(line) for line in process.stdout)
        finally:
            process.terminate()
