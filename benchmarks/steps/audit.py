"""One audit of a stored snapshot, to its recorded run: audit CONFIG [MODULES].

Says how long it took without starting Python and importing what it needs, and where the
time went. With MODULES, also which modules were imported while the clock ran.
"""

import json
import sys
import time
from pathlib import Path

# All that an audit imports, before the clock starts.
import app.audit
import app.core.sql
import app.lake.engine_duckdb
import app.lake.snapshot
import app.lake.view_parse_cache
import app.policy.compiled
import app.policy.loading
import app.recorded_audit
import app.store.schema  # noqa: F401
from app import wiring
from app.settings import load_settings
from benchmarks.process import peak_mb
from benchmarks.stored_lakes import LAKE


class Steps:
    """A Progress that keeps the time of each step."""

    def __init__(self) -> None:
        self.taken: dict[str, dict[str, float]] = {}
        self._step = "opening"
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Note the end of the step before, if this is another."""
        if step == self._step:
            return
        wall, cpu = time.perf_counter(), time.process_time()
        taken = self.taken.setdefault(self._step, {"seconds": 0.0, "cpu_seconds": 0.0})
        taken["seconds"] += wall - self._wall
        taken["cpu_seconds"] += cpu - self._cpu
        self._step, self._wall, self._cpu = step, wall, cpu


def main() -> None:
    """Audit, say how long it took."""
    loaded = set(sys.modules)
    settings = load_settings(Path(sys.argv[1]), {})
    began, began_cpu = time.perf_counter(), time.process_time()
    steps = Steps()
    recorded = wiring.run_audit(settings, settings.lake(LAKE), crawl_first=False, progress=steps)
    ended, ended_cpu = time.perf_counter(), time.process_time()
    steps("", 0, None)
    said = {
        "seconds": ended - began,
        "cpu_seconds": ended_cpu - began_cpu,
        "steps": steps.taken,
        "peak_mb": peak_mb(),
        "exit_code": recorded.posture["exit_code"],
        "exposures": recorded.posture["exposures"],
    }
    if sys.argv[2:]:
        said["imported"] = sorted(set(sys.modules) - loaded)
    print(json.dumps(said))


if __name__ == "__main__":
    main()
