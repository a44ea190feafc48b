"""The parts of the HTML report that say what closes what is open, ready to copy."""

from collections.abc import Mapping
from typing import Any

from app.core.run_report import Posture
from app.report import mend_phrases, phrases
from app.report.html_element import Child, Html, element, joined, name, severity

Row = Mapping[str, Any]

_NOTHING = Html("")


def closing_widest(posture: Posture) -> list[Child]:
    """What closes the widest opening; where nothing was made, that, and why."""
    mend = mend_phrases.mend_of_widest(posture)
    said = [element("p", phrases.closing_sentence(posture["openings"][0]))]
    if mend is None:
        return [*said, _missing(mend_phrases.missing_sentence(posture), mend_phrases.ALL_MENDS)]
    return [*said, *_mend(mend)]


def next_mends(posture: Posture) -> Html:
    """What closes the next gravest incidents."""
    others = mend_phrases.other_mends(posture)
    if not others:
        return _NOTHING
    cards = [
        element(
            "div",
            element("p", severity(each["severity"]), " ", mend_phrases.about(each, posture)),
            *_mend(each),
            class_="card mend",
        )
        for each in others
    ]
    return joined([element("h2", "What closes the next", id="mends"), *cards])


def _mend(mend: Row) -> list[Child]:
    if not mend["made"]:
        return [_missing(mend_phrases.not_made_sentence(mend), mend["command"])]
    parts = _plan(mend)
    said = mend_phrases.alternative_sentence(mend)
    if said:
        parts.append(element("p", said))
    if mend["alternative"] is not None:
        parts += _plan(mend["alternative"])
    whole = element("p", mend_phrases.WHOLE_PLAN, " ", name(mend["command"]), class_="soft")
    return [*parts, whole]


def _plan(plan: Row) -> list[Child]:
    parts = list[Child]()
    lines = [
        line
        for each in mend_phrases.to_run(plan)
        for line in (*(f"-- {comment}" for comment in each.comments), *each.sql)
    ]
    more = mend_phrases.more_sentence(plan)
    if more:
        lines.append(f"-- {more}")
    if lines:
        code = joined(part for line in lines for part in (line, Html("\n")))
        parts.append(
            element("pre", code, class_="sql", tabindex="0", aria_label="Statements to run")
        )
    cannot = mend_phrases.cannot_sentence(plan)
    if cannot:
        parts.append(_missing(cannot))
    simulated = mend_phrases.simulated_sentence(plan)
    return [*parts, element("p", simulated)] if simulated else parts


def _missing(said: str, command: str = "") -> Html:
    ask = (" ", name(command)) if command else ()
    return element("div", element("p", said, *ask), class_="notice warn")
