"""What a change of the policies themselves newly allows or flags."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.core.facts import Progress
from app.settings import LakeSettings
from app.wiring.audits import audit_parts
from app.wiring.check_place import CheckPlace
from app.wiring.clock import utc_now
from app.wiring.policies import load_policies

if TYPE_CHECKING:
    from app.core.findings import CheckedFile, Finding
    from app.core.policy_change import Judged, PolicyFile
    from app.core.verdicts import Policies
    from app.lake.snapshot import StoredSnapshot


def changed_policy_files(
    lake: LakeSettings, place: CheckPlace
) -> tuple[tuple["PolicyFile", ...], list["CheckedFile"]]:
    """The policies' files that the working tree has otherwise than the base."""
    from app.core.findings import CheckedFile
    from app.core.policy_change import PolicyFile

    if place.repository is None or place.policies_ref is None:
        return (), []
    within = place.repository.inside(lake.policies)
    if within is None:
        return (), []
    found = []
    for changed in place.repository.changed_files(place.policies_ref):
        if not changed.path.startswith(f"{within}/"):
            continue
        now = place.repository.root / changed.path
        before = place.repository.file_at(place.policies_ref, changed.path) or b""
        after = now.read_bytes() if now.is_file() else b""
        texts = (content.decode("utf-8-sig", "replace") for content in (before, after))
        found.append(PolicyFile(changed.path, *texts))
    return tuple(found), [CheckedFile(file.name, file.after, 0) for file in found]


def policies_beside(
    lake: LakeSettings,
    snapshot: "StoredSnapshot",
    base: "Policies",
    files: tuple["PolicyFile", ...],
    scratch: Path,
    progress: Progress,
) -> tuple["Finding", ...]:
    """What the changed policies newly allow or flag on the snapshot."""
    from app.core.check_rules import POLICY_UNREADABLE, cannot_judge
    from app.core.errors import PolicyError
    from app.core.policy_change import policy_findings

    if not files:
        return ()
    try:
        changed = load_policies(lake)
    except PolicyError as problem:
        return (cannot_judge(POLICY_UNREADABLE, problem.message, files[0].name, problem.mend),)
    if changed.digest == base.digest:
        return ()  # only waivers, tests or notes: what decides is the same
    before = _judged(lake, snapshot, base, scratch, "before", progress)
    after = _judged(lake, snapshot, changed, scratch, "after", progress)
    return tuple(policy_findings(before, after, files))


def _judged(
    lake: LakeSettings,
    snapshot: "StoredSnapshot",
    policies: "Policies",
    scratch: Path,
    run: str,
    progress: Progress,
) -> "Judged":
    """A snapshot judged as an audit does, nothing of it recorded."""
    import pyarrow.parquet as pq

    from app.audit import AuditRun, audit_snapshot
    from app.core.policy_change import COLUMNS, Judged
    from app.lake.results import RunResults

    parts = audit_parts(lake, scratch / "judged", policies, "SEV4")
    told = AuditRun(run=run, started_at=utc_now(), clock=utc_now, earlier=None, baseline=True)
    results = RunResults(audit_snapshot(parts, snapshot, told, progress).folder)
    people = pq.read_table(results.parquet("population"), columns=["bit", "subject"])
    return Judged(
        exposures=pq.read_table(results.parquet("exposures"), columns=list(COLUMNS)),
        verdicts=pq.read_table(results.parquet("verdicts"), columns=["verdict", "violators"]),
        subjects=dict(zip(people["bit"].to_pylist(), people["subject"].to_pylist(), strict=True)),
    )
