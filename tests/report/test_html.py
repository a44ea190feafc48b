"""HTML: nothing in it runs or is fetched, everything has its heading, and it can be read."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.run_report import RunReport
from app.report.html_element import element, name
from app.report.html_style import STYLE
from app.report.registry import stream
from tests.report.reports_by_hand import (
    HTML_NAME,
    clean_report,
    empty_report,
    gaps_report,
    hostile_report,
    large_report,
    posture,
    report,
)

_REPORTS = [hostile_report, empty_report, clean_report, gaps_report, lambda: large_report(40)]
_ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "div", "span",
    "p", "h1", "h2", "h3", "strong", "small", "a", "bdi", "wbr", "br", "i", "b", "ul", "ol", "li",
    "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary",
    "pre",
}  # fmt: skip
_VOID = {"meta", "br", "wbr"}


class _Page(HTMLParser):
    """What a browser would see: elements, their attributes and their text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(markup)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data


def _markup(said: RunReport) -> str:
    return b"".join(stream("html", said)).decode()


@pytest.mark.parametrize("made", _REPORTS)
def test_nothing_runs_and_nothing_is_fetched(made: Callable[[], RunReport]) -> None:
    page = _Page(_markup(made()))
    assert {tag for tag, _ in page.elements} <= _ALLOWED
    for _, attributes in page.elements:
        assert not [each for each in attributes if each.startswith("on") or each == "src"]
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_a_hostile_name_is_text() -> None:
    page = _Page(_markup(hostile_report()))
    assert HTML_NAME in page.text
    assert "\u202e" not in page.text
    assert "payroll\\u202egnp.exe" in page.text
    assert "\x00" not in page.text


@given(st.text())
def test_any_text_stays_text(text: str) -> None:
    for markup in (element("p", text).markup, name(text).markup):
        page = _Page(markup)
        assert [tag for tag, _ in page.elements if tag != "wbr"] in (["p"], ["bdi"])
    attribute = element("p", "", title=text).markup
    assert _Page(attribute).elements[0][0] == "p"
    assert len(_Page(attribute).elements) == 1


@pytest.mark.parametrize("made", _REPORTS)
def test_tables_and_headings_can_be_found_without_seeing(made: Callable[[], RunReport]) -> None:
    page = _Page(_markup(made()))
    tags = [tag for tag, _ in page.elements]
    assert tags.count("h1") == 1
    assert tags.count("table") == tags.count("caption")
    assert all(attributes.get("scope") for tag, attributes in page.elements if tag == "th")
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    assert {link for link in links if link} <= {f"#{each}" for each in ids}


@pytest.mark.parametrize("made", [gaps_report, empty_report])
def test_what_is_incomplete_is_never_green(made: Callable[[], RunReport]) -> None:
    page = _Page(_markup(made()))
    classes = " ".join(attributes.get("class") or "" for _, attributes in page.elements).split()
    assert "good" not in classes
    assert "alarm" in classes
    assert page.text.index("Incomplete.") < page.text.index("exposed tables")


def test_a_clean_lake_is_green() -> None:
    assert 'class="notice good"' in _markup(clean_report())


def test_nothing_open_but_not_all_read_is_not_green() -> None:
    half = report(posture(complete=False, exit_code=2, reasons=["a gap"]), [])
    assert 'class="notice good"' not in _markup(half)


def test_a_baseline_is_said() -> None:
    assert "the first audit of this lake: a baseline" in _Page(_markup(hostile_report())).text


def test_at_most_five_hundred_exposures_are_listed() -> None:
    page = _Page(_markup(large_report(45_000)))
    assert page.text.count("Evidence") == 500
    assert "The gravest exposures, the first 500 of 45,000" in page.text
    assert "and 44,500 more" in page.text


_PAIRS = [
    *((ink, page) for ink in ("ink", "soft", "link") for page in ("page", "card")),
    ("soft", "band"),
    *(("on", f"s{number}") for number in range(5)),
    *((f"{kind}-ink", kind) for kind in ("alarm", "warn", "good", "note")),
]


@pytest.mark.parametrize("theme", [0, 1, 2])
@pytest.mark.parametrize(("ink", "paper"), _PAIRS)
def test_contrast_is_aa(theme: int, ink: str, paper: str) -> None:
    light, dark, printed = (
        dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})\b", block))
        for block in re.findall(r":root\{(.*?)\}", STYLE, re.DOTALL)
    )
    colours = (light, {**light, **dark}, {**light, **printed})[theme]
    lighter, darker = sorted((_luminance(colours[ink]), _luminance(colours[paper])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
