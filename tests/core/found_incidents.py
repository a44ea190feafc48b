"""Incidents as a run would find them, made by hand."""

from dataclasses import replace
from typing import Any

from app.core.incident_telling import RunSight
from app.core.incidents import Cause, FoundIncident, incident_key

LAKE = "prod"


def found(name: str = "leak", lake: str = LAKE, **more: Any) -> FoundIncident:
    """A membership of `public` in role `name` that opens three tables to seven people."""
    cause = Cause("membership", f"role:{name}", ("role:public", f"role:{name}"), f"the role {name}")
    made = FoundIncident(
        key=incident_key(lake, cause),
        lake=lake,
        cause=cause,
        severity="SEV1",
        kinds=("everyone",),
        classes=("payroll",),
        rights=("select",),
        everyone=True,
        exposures=3,
        tables=3,
        people=7,
        services=1,
        inactive=0,
        unknown=0,
        opaque_groups=0,
        sample=("hr.salaries",),
        since=1_780_000_000,
        grantors=("root",),
        path=("role public is a member of role " + name,),
        evidence=("ROLE_MAP 7",),
    )
    return replace(made, **more)


def sight(number: int, **more: Any) -> RunSight:
    """Run `number` of the lake, which saw everything. Its clock says what it likes."""
    values: dict[str, Any] = {
        "run": f"run{number:03}",
        "lake": LAKE,
        "began": "2026-06-12T08:00:00Z",
        "now": "2026-06-12T08:00:09Z",
        "complete": True,
    }
    return RunSight(**{**values, **more})
