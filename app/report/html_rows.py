"""The parts of the HTML report that list exposures, one a row, with their evidence."""

from collections.abc import Sequence

from app.core.exposures import KINDS
from app.core.names import show
from app.core.run_report import Posture
from app.report import phrases
from app.report.exposure_fields import Row
from app.report.findings import Findings, Picked
from app.report.html_element import (
    Child,
    Html,
    date,
    element,
    joined,
    name,
    name_list,
    severity,
    table,
)
from app.report.moments import iso_date

_NOTHING = Html("")

#: The first rows stand open; the rest are folded away, so that the page stays readable.
OPEN_ROWS = 25


def lake(posture: Posture, found: Findings) -> Html:
    """Findings about the lake as a whole."""
    if not found.lake.count:
        return _NOTHING
    parts: list[Child] = [element("h2", "The lake itself", id="lake")]
    for row in found.lake.rows:
        who = phrases.capitalised(phrases.who_can(row, posture))
        said = phrases.capitalised(KINDS.get(row["kind"], str(row["kind"])))
        parts.append(
            element(
                "div",
                element("p", severity(row["severity"]), " ", element("strong", said)),
                element("p", f"{who}. {phrases.capitalised(row['detail'] or '')}"),
                class_="card",
            )
        )
    return joined([*parts, _left_out(found.lake)])


def principals(posture: Posture, found: Findings) -> Html:
    """Leavers and unknown names that still hold something."""
    parts: list[Child] = []
    for title, picked in (
        ("Leavers who still hold something", found.leavers),
        ("Holders nobody knows", found.unknown_names),
    ):
        if picked.count:
            parts += [element("h3", f"{title}: {picked.count:,}"), _principal_table(title, picked)]
            parts.append(_left_out(picked))
    if not parts:
        return _NOTHING
    return joined([element("h2", "Leavers and unknown names", id="principals"), *parts])


def _principal_table(title: str, picked: Picked) -> Html:
    rows = [
        (
            name(phrases.principal(row["object"])),
            severity(row["severity"]),
            row["detail"],
            name_list(row["classes"]),
            date(iso_date(row["opened_at"])),
        )
        for row in picked.rows
    ]
    return table(title, ("Who", "Severity", "Holds", "Classes", "Newest grant"), rows)


def changes(posture: Posture, found: Findings) -> Html:
    """What opened, grew, shrank, is gone or unknown since the run before."""
    parts: list[Child] = [element("h2", "Since the last audit", id="changes")]
    changed = {status: picked for status, picked in found.changes.items() if picked.count}
    if posture["baseline"]:
        return joined([*parts, element("p", phrases.baseline_sentence())])
    if not changed:
        return joined([*parts, element("p", phrases.unchanged_sentence(posture))])
    counts = phrases.listed([f"{picked.count:,} {status}" for status, picked in changed.items()])
    parts.append(element("p", phrases.capitalised(counts) + "."))
    for status, picked in changed.items():
        rows = [
            (
                name(row["object"]),
                severity(row["severity"]),
                row["right"],
                phrases.who_can(row, posture),
                date(iso_date(row["first_seen"])),
            )
            for row in picked.rows
        ]
        columns = ("Object", "Severity", "Right", "Who can", "First seen")
        parts += [table(_CHANGES[status], columns, rows), _left_out(picked)]
    return joined(parts)


_CHANGES = {
    "opened": "Opened: not there in the last audit",
    "grown": "Grown: somebody new can",
    "shrunk": "Shrunk: somebody lost it and nobody is new",
    "gone": "Gone: closed since the last audit",
    "unknown": "Unknown: not read this time, so nobody knows whether it is closed",
}


def gravest(posture: Posture, found: Findings) -> Html:
    """The gravest exposures of tables, each with its evidence folded under it."""
    picked = found.tables
    if not picked.count:
        return _NOTHING
    shown = f"the first {len(picked.rows):,} of {picked.count:,}" if picked.left_out else "all"
    parts: list[Child] = [
        element("h2", f"The gravest exposures, {shown}", id="exposures"),
        _exposure_table("Gravest first", posture, picked.rows[:OPEN_ROWS]),
    ]
    rest = picked.rows[OPEN_ROWS:]
    if rest:
        label = phrases.counted(len(rest), "further exposure")
        listing = _exposure_table(label, posture, rest)
        parts.append(element("details", element("summary", label), listing))
    return joined([*parts, _left_out(picked)])


def _exposure_table(caption: str, posture: Posture, rows: Sequence[Row]) -> Html:
    columns = ("Table", "Severity", "Right", "Classes", "Who can", "Why")
    return table(caption, columns, [_exposure(row, posture) for row in rows], class_="plain wide")


def _exposure(row: Row, posture: Posture) -> tuple[Child, ...]:
    status = element(
        "span", f"{row['status']}, first seen {(row['first_seen'] or '')[:10]}", class_="about"
    )
    return (
        joined([name(row["object"]), status]),
        severity(row["severity"]),
        row["right"],
        name_list(row["classes"]),
        phrases.who_can(row, posture),
        _why(row),
    )


def _why(row: Row) -> Html:
    kinds = "; ".join(KINDS.get(kind, kind) for kind in row["kinds"])
    facts: list[Child] = [element("li", "opened by ", name_list(_through(row)))]
    facts += [element("li", _grant(grant)) for grant in row["grants"]]
    more = row["grant_count"] - len(row["grants"])
    if more > 0:
        facts.append(element("li", f"and {phrases.counted(more, 'more grant')}"))
    facts += [element("li", f"class {said}") for said in row["class_evidence"]]
    facts += [
        element("li", f"policy line, which does not allow it: {line}")
        for line in row["policy_lines"]
    ]
    if row["contract"] is not None:
        facts.append(
            element("li", f"contract: at most {phrases.counted(row['contract'], 'person')}")
        )
    evidence = element("ul", *facts, class_="evidence")
    return joined([kinds, element("details", element("summary", "Evidence"), evidence)])


def _through(row: Row) -> list[str]:
    return [phrases.principal(opening) for opening in row["openings"]]


def _grant(grant: Row) -> str:
    said = (
        f"{grant['source']}: {grant['privilege']} to {show(phrases.principal(grant['principal']))}"
    )
    by = f" by {grant['grantor']}" if grant["grantor"] else ""
    on = f" on {iso_date(grant['granted_at'])}" if grant["granted_at"] else ""
    return f"{said}{by}{on}" + (", with grant option" if grant["grant_option"] else "")


def _left_out(picked: Picked) -> Html:
    if not picked.left_out:
        return _NOTHING
    return element("p", f"and {picked.left_out:,} more", class_="soft")
