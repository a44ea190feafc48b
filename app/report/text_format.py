"""Plain text: what a security engineer wants on one screen, the widest opening first."""

from collections.abc import Callable, Iterator, Mapping

from app.core.exposures import KINDS
from app.core.names import show
from app.core.run_report import Posture, RunReport
from app.core.verdicts import SEVERITIES
from app.report import phrases
from app.report.findings import Findings, Picked, pick
from app.report.gap_groups import GapGroup, gap_groups
from app.report.moments import iso_date, readable_time, seconds_between
from app.report.rendering import Look, Renderer
from app.report.text_mends import closing_widest, next_mends
from app.report.text_page import TextPage

OTHER_OPENINGS, PRINCIPALS, CHANGED, GAP_GROUPS = 15, 10, 5, 12

_NAMED_IN_A_GAP = 3


def stream(report: RunReport, look: Look) -> Iterator[bytes]:
    """The report, in one piece: its length does not depend on the number of exposures."""
    found = pick(report, tables=0, others=PRINCIPALS, changes=CHANGED)
    page = TextPage(look)
    for section in SECTIONS:
        section(page, report.posture, found)
    yield page.text().encode()


def _title(page: TextPage, posture: Posture, found: Findings) -> None:
    state = ["baseline"] if posture["baseline"] else []
    state += [] if posture["complete"] else ["INCOMPLETE, see what is in doubt below"]
    marks = f" ({', '.join(state)})" if state else ""
    page.sentence(f"Audit of lake {show(posture['lake'])}{marks}", paint="heading")
    objects = posture["objects"]
    page.sentence(
        f"{readable_time(posture['finished_at'])}, mode {show(posture['mode'])}: "
        f"{phrases.counted(objects['tables'], 'table')}, "
        f"{phrases.counted(objects['grants'], 'grant')}, {_population(posture)}"
    )


def _population(posture: Posture) -> str:
    people = posture["people"]
    if not people["directory_known"]:
        return "no directory of people"
    return (
        f"{phrases.counted(people['active_people'], 'active person')}, "
        f"{phrases.counted(people['services'], 'service')}"
    )


def _widest(page: TextPage, posture: Posture, found: Findings) -> None:
    if posture["openings"]:
        opening = posture["openings"][0]
        page.heading("The widest opening")
        page.labelled(opening["severity"], phrases.opening_sentence(opening, posture) + ".")
        closing_widest(page, posture)
    elif not posture["exposures"]["total"]:
        page.heading("Exposures")
        good = posture["complete"] and posture["objects"]["tables"]
        page.sentence(phrases.empty_sentence(posture), paint="good" if good else "warning")


def _exposures(page: TextPage, posture: Posture, found: Findings) -> None:
    counts = posture["exposures"]
    if not counts["total"]:
        return
    page.heading("Exposures")
    page.sentence(
        f"{phrases.counted(counts['total'], 'exposure')} on "
        f"{phrases.counted(counts['tables'], 'table')}."
    )
    severities = counts["by_severity"]
    page.counts({name: severities[name] for name in SEVERITIES if severities.get(name)})
    page.sentence("")
    kinds = counts["by_kind"]
    page.table(
        ("kind", "exposures", "meaning (one exposure can be of several)"),
        [(name, kinds[name], said) for name, said in KINDS.items() if kinds.get(name)],
    )


def _classes(page: TextPage, posture: Posture, found: Findings) -> None:
    if not posture["classes"]:
        return
    page.heading("Classes: who can read them, and who should")
    page.table(
        ("class", "tier", "tables", "exposed", "can", "should", "everyone", "contract"),
        [
            (
                each["class"],
                each["tier"],
                each["tables"],
                each["exposed_tables"],
                phrases.number(each["people_can"]),
                phrases.number(each["people_should"]),
                "EVERYONE" if each["everyone"] else "no",
                each["contract"],
            )
            for each in posture["classes"]
        ],
        numbers=("can", "should", "contract"),
    )


def _other_openings(page: TextPage, posture: Posture, found: Findings) -> None:
    others = posture["openings"][1:]
    if not others:
        return
    page.heading("Other openings")
    for opening in others[:OTHER_OPENINGS]:
        page.labelled(opening["severity"], phrases.opening_sentence(opening, posture))
    _and_more(page, len(others) - OTHER_OPENINGS)


def _lake(page: TextPage, posture: Posture, found: Findings) -> None:
    if not found.lake.count:
        return
    page.heading("The lake itself")
    for row in found.lake.rows:
        who = phrases.who_can(row, posture)
        meaning = phrases.capitalised(KINDS.get(row["kind"], str(row["kind"])))
        detail = phrases.capitalised(show(row["detail"] or ""))
        page.labelled(row["severity"], f"{meaning}: {who}. {detail}")
    _and_more(page, found.lake.left_out)


def _principals(page: TextPage, posture: Posture, found: Findings) -> None:
    for title, picked in (
        ("Leavers who still hold something", found.leavers),
        ("Holders nobody knows", found.unknown_names),
    ):
        if picked.count:
            page.heading(f"{title}: {picked.count:,}")
            page.table(
                ("severity", "who", "holds", "newest", "classes"),
                [
                    (
                        row["severity"],
                        phrases.principal(row["object"]),
                        row["detail"],
                        iso_date(row["opened_at"]),
                        row["classes"],
                    )
                    for row in picked.rows
                ],
            )
            _and_more(page, picked.left_out)


def _changes(page: TextPage, posture: Posture, found: Findings) -> None:
    page.heading("Since the last audit")
    if posture["baseline"]:
        page.sentence(phrases.baseline_sentence())
        return
    changed = {status: picked for status, picked in found.changes.items() if picked.count}
    if not changed:
        page.sentence(phrases.unchanged_sentence(posture))
        return
    page.sentence(", ".join(f"{status} {picked.count:,}" for status, picked in changed.items()))
    page.table(
        ("severity", "change", "right", "object", "who can"),
        [
            (row["severity"], status, row["right"], row["object"], phrases.who_can(row, posture))
            for status, picked in changed.items()
            for row in picked.rows
        ],
    )
    _left_out_changes(page, changed)


def _left_out_changes(page: TextPage, changed: Mapping[str, Picked]) -> None:
    more = [
        f"{picked.left_out:,} {status}" for status, picked in changed.items() if picked.left_out
    ]
    if more:
        page.sentence(f"and {phrases.listed(more, most=len(more))} more")


def _doubts(page: TextPage, posture: Posture, found: Findings) -> None:
    notes = [posture["slow_because"], posture["skipped"]]
    if posture["complete"] and not posture["gaps"] and not any(notes):
        return
    page.heading("Not seen, and in doubt")
    if not posture["complete"]:
        page.sentence(phrases.incomplete_sentence(posture), paint="warning")
    if posture["skipped"]:
        page.sentence(f"Not looked for: {show(posture['skipped'])}", indent=2, hang=2)
    groups = gap_groups(posture["gaps"])
    for group in groups[:GAP_GROUPS]:
        page.sentence(f"- {_gap(group)}", indent=2, hang=2)
    _and_more(page, len(groups) - GAP_GROUPS)
    if posture["slow_because"]:
        page.sentence(f"The slow exact way was taken: {show(posture['slow_because'])}")


def _gap(group: GapGroup) -> str:
    where = show(group.scope)
    if group.objects:
        names = phrases.listed([show(name) for name in group.objects], most=_NAMED_IN_A_GAP)
        where += f" {names}"
    return f"{where}: {show(group.reason)}. In doubt: {show(group.doubt)}"


def _end(page: TextPage, posture: Posture, found: Findings) -> None:
    page.sentence("")
    took = seconds_between(posture["started_at"], posture["finished_at"])
    lasted = f", took {took:,.1f} s" if took else ""
    page.sentence(
        f"Run {show(posture['run'])}, snapshot {show(posture['snapshot'])[:16]}, "
        f"policies {show(posture['policies'])[:16]}{lasted}"
    )
    paint = "good" if posture["exit_code"] == 0 else "warning"
    page.sentence(phrases.verdict_sentence(posture), paint=paint)


def _and_more(page: TextPage, count: int) -> None:
    if count > 0:
        page.sentence(f"and {count:,} more", indent=2)


#: The report in order. A section with nothing to say says nothing.
SECTIONS: tuple[Callable[[TextPage, Posture, Findings], None], ...] = (
    _title,
    _widest,
    _exposures,
    _classes,
    _other_openings,
    next_mends,
    _lake,
    _principals,
    _changes,
    _doubts,
    _end,
)

RENDERER = Renderer("text/plain; charset=utf-8", stream)
