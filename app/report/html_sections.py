"""The parts of the HTML report that say how the lake stands, and how sure that is."""

from collections.abc import Mapping
from typing import Any

from app.core.exposures import KINDS
from app.core.openings import MODE
from app.core.run_report import Posture
from app.core.verdicts import SEVERITIES
from app.report import phrases
from app.report.gap_groups import GapGroup, gap_groups
from app.report.html_element import (
    Child,
    Html,
    element,
    joined,
    name,
    name_list,
    severity,
    table,
)

Row = Mapping[str, Any]

GAP_OBJECTS = 20

_NOTHING = Html("")


def headline(posture: Posture) -> str:
    """The posture in one plain sentence."""
    if not posture["exposures"]["total"]:
        return phrases.empty_sentence(posture)
    opening = posture["openings"][0] if posture["openings"] else None
    if opening and opening["form"] == MODE:
        return "Authorization is off: everyone can do everything in this lake"
    if opening and opening["everyone"]:
        tables = phrases.counted(opening["tables"], "table")
        whose = "that policy keeps from them" if opening["classes"] else "that nobody classified"
        return f"Everyone can {_rights(opening)} {tables} {whose}"
    return (
        f"{phrases.counted(posture['exposures']['total'], 'exposure')} on "
        f"{phrases.counted(posture['exposures']['tables'], 'table')}"
    )


def _rights(opening: Row) -> str:
    return phrases.listed(["read" if right == "select" else right for right in opening["rights"]])


def notices(posture: Posture) -> Html:
    """What must be known before a figure is believed."""
    found: list[Child] = []
    if not posture["complete"]:
        found.append(
            _notice(
                "alarm",
                "Incomplete.",
                phrases.incomplete_sentence(posture) + " ",
                element("a", "What is in doubt", href="#doubts", class_="jump"),
            )
        )
    if posture["baseline"]:
        found.append(_notice("note", "Baseline.", phrases.baseline_sentence()))
    if posture["exit_code"] == 0 and posture["complete"] and posture["objects"]["tables"]:
        found.append(_notice("good", "Clean.", phrases.verdict_sentence(posture)))
    elif posture["reasons"]:
        kind = "alarm" if posture["exit_code"] == 2 else "warn"
        found.append(_notice(kind, "Result.", phrases.verdict_sentence(posture)))
    return joined(found)


def _notice(kind: str, label: str, *children: Child) -> Html:
    said = element("p", element("strong", label), " ", *children)
    return element("div", said, class_=f"notice {kind}")


def figures(posture: Posture) -> Html:
    """The few numbers that say how big it is."""
    counts, objects, people = posture["exposures"], posture["objects"], posture["people"]
    gravest = next((each for each in SEVERITIES if counts["by_severity"].get(each)), None)
    shown = [
        ("exposed tables", f"{counts['tables']:,}"),
        ("tables in the lake", f"{objects['tables']:,}"),
        ("exposures", f"{counts['total']:,}"),
    ]
    if gravest:
        shown.append((f"of the gravest, {gravest}", f"{counts['by_severity'][gravest]:,}"))
    known = people["directory_known"]
    shown.append(("active people", f"{people['active_people']:,}" if known else "unknown"))
    tiles = [element("div", element("dt", label), element("dd", each)) for label, each in shown]
    return element("dl", *tiles, class_="figures")


def classes(posture: Posture) -> Html:
    """Each class: how many tables are exposed, how many people can and how many should."""
    if not posture["classes"]:
        return _NOTHING
    top = max(
        (each[key] or 0 for each in posture["classes"] for key in ("people_can", "people_should")),
        default=0,
    )
    rows = [
        (
            _class_name(each),
            each["tier"],
            each["tables"],
            each["exposed_tables"],
            _bars(each, top),
            each["contract"],
        )
        for each in posture["classes"]
    ]
    return joined(
        [
            element("h2", "Classes of data", id="classes"),
            table(
                "People who can read each class somewhere, beside those whom policy allows; "
                "the contract is the most people its owner agreed to",
                ("Class", "Tier", "Tables", "Exposed", "People", "Contract"),
                rows,
            ),
        ]
    )


def _class_name(each: Row) -> Html:
    parts = [name(each["class"]), element("span", each["description"], class_="about")]
    if each["notify"]:
        parts.append(element("span", "To be told: ", name_list(each["notify"]), class_="about"))
    return joined(parts)


def _bars(each: Row, top: int) -> Html:
    over = each["everyone"] or (each["people_can"] or 0) > (each["people_should"] or 0)
    open_to_all = element("span", "everyone", class_="tag open") if each["everyone"] else ""
    return element(
        "div",
        _bar("can", each["people_can"], top, open_to_all, over=over),
        _bar("should", each["people_should"], top),
    )


def _bar(label: str, people: int | None, top: int, mark: Child = "", *, over: bool = False) -> Html:
    share = max(100 * (people or 0) // top, int(bool(people))) if top else 0
    return element(
        "div",
        element("span", label),
        element("i", element("b", style=f"width:{share}%")),
        element("span", phrases.number(people), " ", mark),
        class_="bar over" if over else "bar",
    )


def breakdown(posture: Posture) -> Html:
    """Exposures by severity and by kind."""
    counts = posture["exposures"]
    if not counts["total"]:
        return _NOTHING
    severities = [
        (severity(each), counts["by_severity"][each])
        for each in SEVERITIES
        if counts["by_severity"].get(each)
    ]
    kinds = [
        (joined([each, element("span", said, class_="about")]), counts["by_kind"][each])
        for each, said in KINDS.items()
        if counts["by_kind"].get(each)
    ]
    return joined(
        [
            element("h2", "Exposures", id="counts"),
            element(
                "div",
                table("By severity", ("Severity", "Exposures"), severities),
                table("By kind; one exposure can be of several", ("Kind", "Exposures"), kinds),
                class_="halves",
            ),
        ]
    )


def doubts(posture: Posture) -> Html:
    """What could not be read, what is in doubt for it, and what was not looked for."""
    groups = gap_groups(posture["gaps"])
    parts: list[Child] = [element("h2", "Not seen, and in doubt", id="doubts")]
    if posture["skipped"]:
        parts.append(_notice("warn", "Not looked for.", posture["skipped"]))
    if posture["slow_because"]:
        parts.append(_notice("note", "The slow exact way was taken.", posture["slow_because"]))
    if groups:
        columns = ("What", "Why it could not be read", "In doubt for it")
        parts.append(table("Gaps", columns, [_gap(group) for group in groups]))
    elif posture["complete"]:
        parts.append(element("p", "Everything that was asked for could be read."))
    else:
        parts.append(element("p", phrases.verdict_sentence(posture)))
    return joined(parts)


def _gap(group: GapGroup) -> tuple[Child, Child, Child]:
    what: list[Child] = [group.scope]
    if group.objects:
        count = phrases.counted(len(group.objects), "object")
        what.append(
            element("span", f"{count}: ", name_list(group.objects, GAP_OBJECTS), class_="about")
        )
    return joined(what), group.reason, group.doubt
