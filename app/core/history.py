"""Who could, between two times: every run of the time, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import NotFoundError
from app.core.lake_view import LakeView
from app.core.questions import who_can

_EVERYBODY = 2**62


@dataclass(frozen=True)
class PastRun:
    """One whole run of the time, its snapshot opened, or None where it was pruned."""

    run: str
    began: str  # UTC, ISO 8601
    view: LakeView | None


@dataclass
class _Seen:
    row: dict[str, Any]
    runs: list[PastRun] = field(default_factory=list)


@dataclass(frozen=True)
class WhoCould:
    """Everybody who held the right in one of the runs, in order of name, and the rest."""

    rows: tuple[Mapping[str, Any], ...]
    about: Mapping[str, Any]


def who_could(past: Sequence[PastRun], right: str, object_text: str) -> WhoCould:
    """Put together who held a right on an object, from runs given oldest first.

    Raises NotFoundError when none of the runs had the object.
    """
    seen: dict[str, _Seen] = {}
    missing: list[str] = []
    last: Any = None
    everyone, most = False, 0
    for run in past:
        found = _asked(run, right, object_text)
        if found is None:
            missing.append(run.run)
            continue
        last = found
        everyone, most = everyone or found.everyone, max(most, found.can_make_themselves)
        for holder in found.holders:
            said = seen.setdefault(holder.subject, _Seen({}))
            said.runs.append(run)
            said.row = {
                "subject": holder.subject,
                "kind": holder.kind,
                "active": holder.active,
                "sure": holder.sure,
                "permitted": holder.permitted,
                "via": list(holder.via),
            }
    if last is None:
        raise NotFoundError(
            f"No run of that time knows {object_text}", mend="Check the name and the dates"
        )
    rows = tuple(_row(seen[subject]) for subject in sorted(seen))
    return WhoCould(rows, _about(rows, last, everyone, most, missing))


def _asked(run: PastRun, right: str, object_text: str) -> Any:
    if run.view is None:
        return None
    try:
        return who_can(run.view, right, object_text, limit=_EVERYBODY)
    except NotFoundError:
        return None


def _row(said: _Seen) -> Mapping[str, Any]:
    return {
        **said.row,
        "first_run": said.runs[0].run,
        "last_run": said.runs[-1].run,
        "first_seen": said.runs[0].began,
        "last_seen": said.runs[-1].began,
        "runs": len(said.runs),
    }


def _about(
    rows: Sequence[Mapping[str, Any]], last: Any, everyone: bool, most: int, missing: list[str]
) -> Mapping[str, Any]:
    def count(kind: str, active: bool = True) -> int:
        return sum(1 for row in rows if row["kind"] == kind and row["active"] == active)

    return {
        "object": last.object,
        "right": last.right,
        "people": count("person"),
        "services": count("service"),
        "inactive": count("person", False) + count("service", False),
        "unknown": count("unknown") + count("unknown", False),
        "opaque_groups": count("group") + count("group", False),
        "everyone": everyone,
        "classes": list(last.classes),
        "can_make_themselves": most,
        "self_service": last.self_service,
        "missing_in": missing,
    }
