"""The parts of the HTML report that say what opened the lake, and by which path."""

from collections.abc import Mapping
from typing import Any

from app.core.openings import MODE, NESTING
from app.core.run_report import Posture
from app.report import phrases
from app.report.html_element import Child, Html, date, element, joined, name, severity, table
from app.report.html_mends import closing_widest
from app.report.moments import iso_date, readable_time

Row = Mapping[str, Any]

OPENINGS = 50

_NOTHING = Html("")


def widest(posture: Posture) -> Html:
    """The misconfiguration: what was done, its path, and what would close it."""
    if not posture["openings"]:
        return _NOTHING
    opening = posture["openings"][0]
    said = phrases.capitalised(phrases.opening_sentence(opening, posture)) + "."
    parts: list[Child] = [
        element("p", severity(opening["severity"]), " ", _form(opening)),
        element("p", said, class_="lead"),
    ]
    if opening["form"] == NESTING:
        parts += [element("h3", "The path"), _path(opening, posture)]
    parts += [element("h3", "What closes it"), *closing_widest(posture)]
    return joined(
        [
            element("h2", "What opened it", id="cause"),
            element("div", *parts, class_="card cause"),
        ]
    )


def _form(opening: Row) -> Html:
    words = {NESTING: "opened by a membership", MODE: "opened by the authorization mode"}
    kind = "opened by direct grants"
    return element("span", words.get(opening["form"], kind), class_="soft")


def _path(opening: Row, posture: Posture) -> Html:
    steps = [element("li", phrases.capitalised(phrases.everyone(posture)) + " holds role public")]
    only = len(opening["path"]) == 1
    for number, step in enumerate(opening["path"]):
        facts = [opening["path_rows"][number] or "no row kept"]
        if number == 0 and opening["granted_by"]:
            facts.append(f"made by {opening['granted_by']}")
        if only and opening["since"]:
            facts.append(f"on {readable_time(opening['since'])}")
        steps.append(
            element(
                "li",
                name(step),
                Html("<br>"),
                element("small", ", ".join(facts)),
                **({"class_": "opened"} if only else {}),
            )
        )
    rights = phrases.listed(opening["rights"])
    tables = phrases.counted(opening["tables"], "table")
    last = f"{phrases.principal(opening['opening'])} holds {rights} on {tables}"
    return element("ol", *steps, element("li", phrases.capitalised(last)), class_="path")


def other_openings(posture: Posture) -> Html:
    """The other grants, roles and nestings, widest first."""
    others = posture["openings"][1:OPENINGS]
    if not others:
        return _NOTHING
    rows = [
        (
            name(phrases.principal(each["opening"])),
            severity(each["severity"]),
            _how(each),
            phrases.capitalised(phrases.opening_effect(each, posture)),
            each["tables"],
            date(iso_date(each["since"])),
        )
        for each in others
    ]
    return joined(
        [
            element("h2", "Other openings", id="openings"),
            table(
                "Other grants, roles and nestings that open something, gravest and widest first",
                ("Through", "Severity", "How", "What it opens", "Tables", "Since"),
                rows,
            ),
        ]
    )


def _how(opening: Row) -> Child:
    if opening["form"] == MODE:
        return phrases.capitalised(phrases.opening_cause(opening))
    if opening["form"] != NESTING:
        return element("span", "Direct grants", class_="short")
    made_by = f"made by {opening['granted_by']}" if opening["granted_by"] else ""
    steps = []
    for number, step in enumerate(opening["path"]):
        facts = [opening["path_rows"][number], made_by if number == 0 else ""]
        said = ", ".join(fact for fact in facts if fact)
        steps.append(element("li", phrases.capitalised(step), element("small", said)))
    return element("ol", *steps, class_="steps")
