"""What an audit is made from, and one made and recorded."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.facts import Progress, no_progress
from app.settings import LakeSettings, Settings
from app.wiring.engines import new_engine, view_parses
from app.wiring.lakes import settled
from app.wiring.policies import compile_judge, load_policies
from app.wiring.snapshots import crawl, newest_snapshot
from app.wiring.state import opened_state

if TYPE_CHECKING:
    from app.audit import AuditParts
    from app.core.verdicts import Policies
    from app.lake.snapshot import StoredSnapshot
    from app.recorded_audit import RecordedRun


def audit_parts(lake: LakeSettings, data: Path, policies: "Policies", fail_on: str) -> "AuditParts":
    """What an audit of a lake is made from. Raises ModeUnknownError, SourceError."""
    from app.audit import AuditParts
    from app.core.rights import mode_named
    from app.lake.results import spill_folder

    lake = settled(lake)
    return AuditParts(
        lake=lake.name,
        data=data,
        mode=mode_named(lake.mode),
        engine_groups=lake.groups,
        everyone_at=lake.everyone_at,
        policies=policies,
        compile_judge=compile_judge,
        new_engine=lambda: new_engine(spill_folder(data, lake.name)),
        view_parses=view_parses(data),
        fail_on=fail_on,
    )


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Look for cycles among the objects of an audit seldom: it makes millions, hardly any in
    a cycle, and on lake L the looking took a twelfth of its time.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _memory_kept() -> Iterator[None]:
    """Take Arrow's memory from the system's allocator, which keeps what was given back.

    Arrow's own returns it at once and asks for it again in pages of two megabytes, each of
    which the kernel empties first: on lake L that was a tenth of an audit.
    """
    import pyarrow as pa

    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def run_audit(
    settings: Settings,
    lake: LakeSettings,
    *,
    fail_on: str = "SEV4",
    crawl_first: bool = True,
    progress: Progress = no_progress,
) -> "RecordedRun":
    """Audit a lake and record the run. Policies and mode are checked before the crawl."""
    from app.recorded_audit import audit_lake

    parts = audit_parts(lake, settings.data, load_policies(lake), fail_on)

    def take(progress: Progress) -> "StoredSnapshot":
        if crawl_first:
            return crawl(lake, settings.data, progress)
        return newest_snapshot(lake, settings.data)

    with _rarely_collected(), _memory_kept(), opened_state(settings) as database:
        return audit_lake(parts, database, take, str(lake.source), progress)
