"""The parts of the text report that say what closes what is open, ready to copy."""

from collections.abc import Mapping
from typing import Any

from app.core.run_report import Posture
from app.report import mend_phrases, phrases
from app.report.findings import Findings
from app.report.text_page import TextPage

_INDENT = 6

Row = Mapping[str, Any]


def closing_widest(page: TextPage, posture: Posture) -> None:
    """What closes the widest opening; where nothing was made, that, and why."""
    page.sentence(phrases.closing_sentence(posture["openings"][0]), indent=_INDENT)
    mend = mend_phrases.mend_of_widest(posture)
    if mend is None:
        said = mend_phrases.missing_sentence(posture)
        page.command(said, mend_phrases.ALL_MENDS, indent=_INDENT, paint="warning")
    else:
        _mend(page, mend)


def next_mends(page: TextPage, posture: Posture, found: Findings) -> None:
    """What closes the next gravest incidents."""
    others = mend_phrases.other_mends(posture)
    if not others:
        return
    page.heading("What closes the next")
    for place, mend in enumerate(others):
        if place:
            page.sentence("")
        page.labelled(mend["severity"], mend_phrases.about(mend, posture))
        _mend(page, mend)


def _mend(page: TextPage, mend: Row) -> None:
    if not mend["made"]:
        said = mend_phrases.not_made_sentence(mend)
        page.command(said, mend["command"], indent=_INDENT, paint="warning")
        return
    _plan(page, mend)
    said = mend_phrases.alternative_sentence(mend)
    if said:
        page.sentence(said, indent=_INDENT)
    if mend["alternative"] is not None:
        _plan(page, mend["alternative"])
    page.command(mend_phrases.WHOLE_PLAN, mend["command"], indent=_INDENT)


def _plan(page: TextPage, plan: Row) -> None:
    cannot = mend_phrases.cannot_sentence(plan)
    if plan["statements"]:
        page.sentence("")
    for each in mend_phrases.to_run(plan):
        page.statement(each.comments, each.sql, indent=_INDENT)
    more = mend_phrases.more_sentence(plan)
    if more:
        page.sentence(f"-- {more}", indent=_INDENT)
    if plan["statements"]:
        page.sentence("")
    if cannot:
        page.sentence(cannot, indent=_INDENT, paint="warning")
    simulated = mend_phrases.simulated_sentence(plan)
    if simulated:
        page.sentence(simulated, indent=_INDENT)
