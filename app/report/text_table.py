"""Rows as a table of plain text that fits a width: nothing is cut, long cells are wrapped.

Where the columns cannot stand side by side at all, each row becomes lines of
`column: value`.
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence

from app.core.names import show

_BETWEEN = "  "
_NARROWEST = 6
_JOINTS = "-_./:;,@"


def text_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    width: int = 100,
    *,
    numbers: Collection[str] = (),
) -> str:
    """The table, each line ended; the header is ruled off.

    Columns that hold nothing but numbers stand right, and those named in `numbers`.

    A cell may be a string, a number, a bool, None or a sequence of these. Every string is
    shown through names.show.
    """
    values = [list(row) for row in rows]
    cells = [[cell_text(value) for value in row] for row in values]
    right = [
        column in numbers or _all_numbers(place, values) for place, column in enumerate(columns)
    ]
    headers = [show(column) for column in columns]
    widths = _widths(headers, cells, width)
    if widths is None:
        return _as_records(headers, cells, width)
    lines = _lines(headers, widths, right)
    lines.append(_BETWEEN.join("-" * each for each in widths))
    for row in cells:
        lines += _lines(row, widths, right)
    return "".join(line.rstrip() + "\n" for line in lines)


def cell_text(value: object) -> str:
    """One value as a cell: thousands separated, yes and no, lists by commas, `-` for none."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(cell_text(each) for each in value) or "-"
    return show(str(value))


def display_width(text: str) -> int:
    """How many places the text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_places, text))


def _places(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` places: between words, else within one."""
    lines, line = [], ""
    for word in text.split(" "):
        if line and display_width(line) + 1 + display_width(word) <= width:
            line += " " + word
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, max(width, 2))
        lines += full
    return [*lines, line]


def _broken(word: str, width: int) -> list[str]:
    """A word in pieces that fit, broken after a joint of names if one is near the end."""
    pieces, piece = [], ""
    for letter in word:
        if piece and display_width(piece) + _places(letter) > width:
            joint = max(piece.rfind(each) for each in _JOINTS) + 1
            cut = joint if joint * 3 > len(piece) else len(piece)
            pieces.append(piece[:cut])
            piece = piece[cut:]
        piece += letter
    return [*pieces, piece]


def _all_numbers(column: int, rows: Sequence[Sequence[object]]) -> bool:
    found = [row[column] for row in rows if row[column] is not None]
    return bool(found) and all(
        isinstance(each, int) and not isinstance(each, bool) for each in found
    )


def _widths(headers: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """The width of each column, the widest made narrower until all fit; None if they cannot."""
    wanted = [display_width(header) for header in headers]
    for row in cells:
        wanted = [max(old, display_width(new)) for old, new in zip(wanted, row, strict=True)]
    room = width - len(_BETWEEN) * (len(headers) - 1)
    least = [
        max(min(wide, _NARROWEST), _longest_word(header))
        for wide, header in zip(wanted, headers, strict=True)
    ]
    if sum(least) > room:
        return None
    if sum(wanted) <= room:
        return wanted
    return _narrowed(wanted, least, room)


def _narrowed(wanted: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Every column up to one common limit, no column below its least."""
    low, high = 1, max(wanted)
    while low < high:
        limit = (low + high + 1) // 2
        if sum(_limited(wanted, least, limit)) <= room:
            low = limit
        else:
            high = limit - 1
    return _limited(wanted, least, low)


def _limited(wanted: Sequence[int], least: Sequence[int], limit: int) -> list[int]:
    return [max(min(wide, limit), few) for wide, few in zip(wanted, least, strict=True)]


def _longest_word(header: str) -> int:
    return max((display_width(word) for word in header.split(" ")), default=0)


def _lines(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    """A row, of as many lines as its longest cell needs."""
    columns = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max((len(column) for column in columns), default=0)
    return [
        _BETWEEN.join(
            _padded(column[line] if line < len(column) else "", width, to_right)
            for column, width, to_right in zip(columns, widths, right, strict=True)
        )
        for line in range(height)
    ]


def _padded(text: str, width: int, to_right: bool) -> str:
    blank = " " * (width - display_width(text))
    return blank + text if to_right else text + blank


def _as_records(headers: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> str:
    lines = []
    for row in cells:
        for header, cell in zip(headers, row, strict=True):
            first, *more = wrapped(f"{header}: {cell}", max(width, 1))
            lines += [first, *more]
        lines.append("")
    return "".join(line + "\n" for line in lines)
