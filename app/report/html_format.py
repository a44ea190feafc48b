"""HTML: one file that needs nothing else, for a security lead to forward and to print."""

from collections.abc import Iterator

from app.core.run_report import Posture, RunReport
from app.report import html_mends, html_openings, html_rows, html_sections, phrases
from app.report.findings import pick
from app.report.html_element import Html, element, joined, name
from app.report.html_style import STYLE
from app.report.moments import readable_time
from app.report.rendering import Look, Renderer

GRAVEST, OTHERS, CHANGED = 500, 50, 20

# The style is Lakewarden's own text, the only thing that is not escaped.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


def stream(report: RunReport, look: Look) -> Iterator[bytes]:
    """The page, part after part; at most so many rows of it however many there are."""
    posture = report.posture
    found = pick(report, tables=GRAVEST, others=OTHERS, changes=CHANGED)
    yield _head(posture).encode()
    yield _line(element("header", _title(posture), html_sections.notices(posture)))
    yield b"<main>\n"
    doubts = html_sections.doubts(posture)
    for part in (
        html_sections.figures(posture),
        html_openings.widest(posture),
        # What is in doubt stands before everything that it puts in doubt.
        *(() if posture["complete"] else (doubts,)),
        html_sections.classes(posture),
        html_sections.breakdown(posture),
        html_rows.changes(posture, found),
        html_openings.other_openings(posture),
        html_mends.next_mends(posture),
        html_rows.lake(posture, found),
        html_rows.principals(posture, found),
        html_rows.gravest(posture, found),
        *((doubts,) if posture["complete"] else ()),
    ):
        yield _line(part)
    yield b"</main>\n"
    yield _line(_footer(posture))
    yield b"</body>\n</html>\n"


def _line(part: Html) -> bytes:
    return (part.markup + "\n").encode()


def _head(posture: Posture) -> str:
    title = element("title", f"{posture['lake']}: {html_sections.headline(posture)}")
    about = joined(
        [
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="referrer", content="no-referrer"),
            element("meta", name="robots", content="noindex"),
        ]
    )
    style = f"<style>{STYLE}</style>"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n{about.markup}\n{title.markup}\n{style}\n'
        "</head>\n<body>\n"
    )


def _title(posture: Posture) -> Html:
    objects = posture["objects"]
    return joined(
        [
            element("p", "Lakewarden audit: lake ", name(posture["lake"]), class_="which"),
            element("h1", html_sections.headline(posture)),
            element(
                "p",
                f"{readable_time(posture['finished_at'])}, authorization mode {posture['mode']}; "
                f"{phrases.counted(objects['databases'], 'database')}, "
                f"{phrases.counted(objects['tables'], 'table')}, "
                f"{phrases.counted(objects['grants'], 'grant')}, "
                f"{phrases.counted(objects['roles'], 'role')}",
                class_="meta",
            ),
        ]
    )


def _footer(posture: Posture) -> Html:
    facts = (
        ("Run", posture["run"]),
        ("Snapshot", posture["snapshot"]),
        ("Policies", posture["policies"]),
        ("Started", readable_time(posture["started_at"])),
        ("Finished", readable_time(posture["finished_at"])),
        ("Result", phrases.verdict_sentence(posture)),
    )
    rows = [part for label, said in facts for part in (element("dt", label), element("dd", said))]
    words = (
        "“Can” is who reaches the data as the grants stand; “should” is whom policy allows. "
        "An exposure is one right on one table that people have and policy does not allow. "
        "Severities run from SEV0, the gravest, to SEV4."
    )
    return element(
        "footer",
        element("div", element("p", words), element("dl", *rows, class_="facts"), class_="card"),
    )


RENDERER = Renderer("text/html; charset=utf-8", stream)
