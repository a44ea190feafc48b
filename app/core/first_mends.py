"""The mends that a run says at once: of its gravest few incidents, the widest opening's first.

Pure: which incidents they are, and what the posture says of each, where a mend was made and
where none was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.causes import attribution as said
from app.core.incident_records import raw_cause_words
from app.core.incidents import FoundIncident, Plan
from app.core.lake_view import LakeView
from app.core.mend_words import mend_missing, mend_said, plan_command
from app.core.openings import MODE

#: So many: what one person reads on one screen, and does before he asks for more.
MOST_FIRST = 3

#: What is said of any plan; of a mend, a notice carries this alone.
OF_PLANS = (
    "words",
    "effect",
    "statements",
    "statement_count",
    "exact",
    "bound",
    "cannot",
    "simulation",
)


@dataclass(frozen=True, slots=True)
class FirstPlan:
    """What came of planning one incident. mend None: none was made, and why stands there."""

    mend: Plan | None = None
    alternative: Plan | None = None
    why_not: str = ""


#: Plans some incidents of a run: what was judged, its results so far, which ones → by key.
PlanFirst = Callable[[LakeView, Path, Sequence[FoundIncident]], Mapping[str, FirstPlan]]


def mends_of_run(
    view: LakeView,
    folder: Path,
    incidents: Sequence[FoundIncident],
    openings: Sequence[Mapping[str, Any]],
    plan_first: PlanFirst,
) -> list[dict[str, Any]]:
    """The mends of the gravest few incidents of a run, the widest opening's own first."""
    widest = openings[0] if openings else None
    chosen = choose_first(incidents, widest)
    return first_mends(chosen, widest, plan_first(view, folder, chosen))


def choose_first(
    incidents: Sequence[FoundIncident], opening: Mapping[str, Any] | None
) -> list[FoundIncident]:
    """The incidents whose mends are said at once, of those that no gap hides.

    incidents: the gravest first. opening: the widest (a row of OPENING_SCHEMA), whose own
    incident leads.
    """
    seen = [each for each in incidents if not each.shadowed]
    own = incident_of_opening(seen, opening)
    rest = [each for each in seen if each is not own]
    return [*([] if own is None else [own]), *rest][:MOST_FIRST]


def incident_of_opening(
    incidents: Sequence[FoundIncident], opening: Mapping[str, Any] | None
) -> FoundIncident | None:
    """The gravest incident that an opening belongs to; one of its own path before others."""
    if opening is None:
        return None
    mine = [each for each in incidents if _belongs(each, opening)]
    on_path = [each for each in mine if each.cause.words in opening["path"]]
    return next(iter([*on_path, *mine]), None)


def _belongs(incident: FoundIncident, opening: Mapping[str, Any]) -> bool:
    cause, name = incident.cause, opening["opening"]
    if opening["form"] == MODE:
        return cause.kind == said.MODE and cause.parts[1] in (said.OFF, said.UNCHECKED)
    if cause.kind == said.MEMBERSHIP:
        return cause.parts[1] == name or f"grants to {name}" in incident.path
    return cause.kind in (said.GRANTS, said.PRINCIPAL) and cause.subject == name


def first_mends(
    chosen: Sequence[FoundIncident],
    opening: Mapping[str, Any] | None,
    plans: Mapping[str, FirstPlan],
) -> list[dict[str, Any]]:
    """What the posture says of each chosen incident's mend."""
    own = incident_of_opening(chosen, opening)
    return [_first_mend(each, each is own, plans.get(each.key, FirstPlan())) for each in chosen]


def _first_mend(found: FoundIncident, widest: bool, planned: FirstPlan) -> dict[str, Any]:
    about: dict[str, Any] = {
        "incident": found.key,
        "severity": found.severity,
        "cause": raw_cause_words(found),
        "widest": widest,
        "everyone": found.everyone,
        "tables": found.tables,
        "people": found.people,
        "in_doubt": found.in_doubt,
        "made": planned.mend is not None,
        "why_not": planned.why_not,
        "command": plan_command(found.key),
        "alternative": _said(found.key, planned.alternative) if planned.alternative else None,
    }
    if planned.mend is None:
        return about | _NOTHING | mend_missing(found.key)
    return about | _said(found.key, planned.mend)


_NOTHING: dict[str, Any] = {
    "effect": "",
    "statements": [],
    "statement_count": 0,
    "exact": False,
    "bound": "",
    "cannot": "",
    "simulation": None,
}


def _said(key: str, plan: Plan) -> dict[str, Any]:
    return {"simulation": None} | mend_said(key, plan)


def told_already(mends: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, object]]:
    """Incident → its mend as a notice carries it, of those that were made."""
    return {each["incident"]: _for_notice(each) for each in mends if each["made"]}


def _for_notice(mend: Mapping[str, Any]) -> dict[str, object]:
    kept = {name: mend[name] for name in OF_PLANS}
    if kept["simulation"] is None:
        del kept["simulation"]
    return kept


def digest_mends(
    mends: Sequence[Mapping[str, Any]], loud: Sequence[str]
) -> list[dict[str, object]]:
    """What a baseline's digest carries of them: one statement each, and how many there are.

    loud: the incidents that no waiver keeps quiet.
    """
    names = ("incident", "severity", "cause", "made", "why_not", *OF_PLANS)
    return [
        {name: mend[name] for name in names} | {"statements": mend["statements"][:1]}
        for mend in mends
        if mend["incident"] in loud
    ]
