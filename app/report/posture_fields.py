"""A run's posture as it is published: one order of keys, whatever order it was made in."""

from collections.abc import Mapping
from typing import Any

from app.core.exposures import KINDS, STATUSES
from app.core.first_mends import OF_PLANS
from app.core.openings import OPENING_SCHEMA
from app.core.run_report import Posture
from app.core.verdicts import SEVERITIES
from app.report.moments import iso_time

#: The name and version of what is published. It changes when a reader would have to.
SCHEMA_NAME = "lakewarden/audit/v1"

ORDER: dict[str, tuple[str, ...]] = {
    "posture": (
        "lake",
        "run",
        "snapshot",
        "policies",
        "mode",
        "started_at",
        "finished_at",
        "baseline",
        "complete",
        "exit_code",
        "reasons",
        "objects",
        "people",
        "exposures",
        "classes",
        "openings",
        "mends",
        "gaps",
        "slow_because",
        "skipped",
    ),
    "objects": ("databases", "tables", "views", "columns", "grants", "roles", "role_members"),
    "people": (
        "directory_known",
        "active_people",
        "services",
        "inactive",
        "unknown",
        "opaque_groups",
    ),
    "exposures": ("total", "tables", "by_severity", "by_kind", "by_status"),
    "by_severity": SEVERITIES,
    "by_kind": tuple(KINDS),
    "by_status": STATUSES,
    "classes": (
        "class",
        "tier",
        "description",
        "tables",
        "exposed_tables",
        "people_can",
        "people_should",
        "everyone",
        "contract",
        "notify",
    ),
    "openings": tuple(OPENING_SCHEMA.names),
    "mends": (
        "incident",
        "severity",
        "cause",
        "widest",
        "everyone",
        "tables",
        "people",
        "in_doubt",
        "made",
        "why_not",
        *OF_PLANS,
        "alternative",
        "command",
    ),
    "alternative": OF_PLANS,
    "statements": ("sql", "run_as", "set_role", "because", "left_out"),
    "simulation": (
        "closes_all",
        "exposures_closed",
        "exposures_left",
        "tables_closed",
        "people_closed",
        "allowed_lost",
        "allowed_lost_sample",
        "opened",
    ),
    "gaps": ("scope", "object", "reason", "doubt"),
}


def posture_fields(posture: Posture) -> Posture:
    """The posture with its keys in the published order and its times in ISO 8601.

    A run of an older version drafted no mends: null, which is not the same as none.
    """
    return _ordered("posture", {"mends": None, **posture})


def _ordered(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    order = ORDER.get(name, ())
    keys = [*(key for key in order if key in found), *sorted(found.keys() - set(order))]
    return {key: _published(key, found[key]) for key in keys}


def _published(key: str, value: Any) -> Any:
    if key == "since":
        return iso_time(value)
    if isinstance(value, Mapping):
        return _ordered(key, value)
    if isinstance(value, (list, tuple)):
        # The classes of an opening are names, those of the posture are rows.
        return [_ordered(key, row) if isinstance(row, Mapping) else row for row in value]
    return value
