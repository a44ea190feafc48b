"""HTML as values: text is escaped because it is text, and only elements are not.

A string given as a child is shown through names.show and escaped; there is no way to
have it taken for markup.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from app.core.names import show


@dataclass(frozen=True, slots=True)
class Html:
    """Markup, made by `element` and `joined` only."""

    markup: str


Child: TypeAlias = Html | str

_VOID = frozenset({"meta"})

# No character reference has one of these in it.
_JOINT = re.compile(r"([_.:/@]+)(?=\w{2})")


def text(value: str) -> Html:
    """A text as markup."""
    return Html(html.escape(show(value)))


def element(tag: str, *children: Child, **attributes: str) -> Html:
    """An element. An underscore at the end of an attribute's name is left out, others are `-`."""
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(show(value))}"'
        for name, value in attributes.items()
    )
    if tag in _VOID:
        return Html(f"<{tag}{said}>")
    return Html(f"<{tag}{said}>{joined(children).markup}</{tag}>")


def joined(children: Iterable[Child]) -> Html:
    """Children one after another."""
    return Html(
        "".join(
            child.markup if isinstance(child, Html) else text(child).markup for child in children
        )
    )


def name(value: str) -> Html:
    """A name from the lake: set apart, its direction kept to itself, broken at its joints."""
    breakable = _JOINT.sub(r"\1<wbr>", text(value).markup)
    return Html(f'<bdi class="name">{breakable}</bdi>')


def name_list(values: Sequence[str], most: int = 6) -> Html:
    """Names in a row, and how many more there are."""
    parts: list[Child] = []
    for number, value in enumerate(values[:most]):
        parts += [", ", name(value)] if number else [name(value)]
    if len(values) > most:
        parts.append(f" and {len(values) - most:,} more")
    return joined(parts)


def severity(label: str) -> Html:
    """A severity as a badge: colour, and the word."""
    return element("span", label, class_=f"badge {label.lower()}")


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Child | int | None]],
    *,
    row_header: int = 0,
    class_: str = "",
) -> Html:
    """A table with a caption; numbers stand right, one column names its row."""
    found = [list(row) for row in rows]
    head = [
        element("th", column, scope="col", **_of_numbers(row[place] for row in found))
        for place, column in enumerate(columns)
    ]
    body = [
        element("tr", *(_cell(value, place == row_header) for place, value in enumerate(row)))
        for row in found
    ]
    inner = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *body),
        class_=class_ or "plain",
    )
    return element("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _of_numbers(column: Iterable[Child | int | None]) -> dict[str, str]:
    return {"class_": "number"} if any(isinstance(value, int) for value in column) else {}


def date(value: str | None) -> Html:
    """A date that is not broken in two."""
    return element("span", value or "–", class_="date")


def _cell(value: Child | int | None, names_row: bool) -> Html:
    if isinstance(value, int):
        return element("td", f"{value:,}", class_="number")
    if value is None:
        return element("td", "–", class_="number")
    return element("th", value, scope="row") if names_row else element("td", value)
