"""Text: each finding with its code line and a caret under the guilty word."""

import unicodedata

from app.core.findings import CANNOT_JUDGE, CheckReport, Finding
from app.core.names import show
from app.report.check_phrases import (
    NOTE,
    about,
    code_line,
    details,
    path_of,
    sentence,
    tally,
    verdict,
)

_COLOURS = {
    CANNOT_JUDGE: "1;35",
    "SEV0": "1;31",
    "SEV1": "1;31",
    "SEV2": "31",
    "SEV3": "33",
    "SEV4": "36",
    NOTE: "36",
}
_TAB = "    "


def check_text(report: CheckReport, *, colour: bool = False, width: int = 100) -> str:
    """The whole report for people."""
    lines: list[str] = []
    for finding in report.findings:
        lines += _finding(report, finding, colour, width)
        lines.append("")
    if report.suppressed:
        lines.append("Suppressed, each for its reason:")
        lines += [
            f"  {show(path_of(each, report))}:{each.span.line}: {each.severity} {each.rule}: "
            f"{show(each.suppressed)}"
            for each in report.suppressed
        ]
        lines.append("")
    lines += [f"note: {show(note)}" for note in report.notes]
    hidden = f", {len(report.suppressed):,} suppressed" if report.suppressed else ""
    said = f"{tally(report.findings)}{hidden}: {verdict(report)}"
    lines.append(said[0].upper() + said[1:])
    lines += [f"  {line}" for line in about(report)]
    return "\n".join(lines) + "\n"


def _finding(report: CheckReport, finding: Finding, colour: bool, width: int) -> list[str]:
    place = f"{show(path_of(finding, report))}:{finding.span.line}:{finding.span.column}"
    head = _paint(f"{finding.severity} {finding.rule}", _COLOURS.get(finding.severity, ""), colour)
    lines = [f"{place}: {head}", f"  {sentence(finding)}"]
    code = code_line(report, finding)
    if code is not None and code.strip():
        lines += _code(finding, code, colour, width)
    lines += [f"  {name + ':':<9} {text}" for name, text in details(finding)]
    return lines


def _code(finding: Finding, code: str, colour: bool, width: int) -> list[str]:
    """The line, cut around the guilty word where it is long, and the caret."""
    number = str(finding.span.line)
    gutter = " " * len(number)
    start = min(max(finding.span.column - 1, 0), len(code))
    one_line = finding.span.end_line == finding.span.line
    end = finding.span.end_column - 1 if one_line else len(code)
    end = min(max(end, start + 1), max(len(code), start + 1))
    before, word, after = _window(code, start, end, max(width - len(number) - 8, 40))
    shown = f"{before}{word}{after}"
    carets = "^" * max(_width(word), 1)
    return [
        f"  {number} | {shown}",
        f"  {gutter} | {' ' * _width(before)}{_paint(carets, '1;31', colour)}",
    ]


def _window(code: str, start: int, end: int, room: int) -> tuple[str, str, str]:
    before, word, after = (_printable(part) for part in (code[:start], code[start:end], code[end:]))
    if len(word) > room:
        word, after = word[: room - 1] + "…", ""
    left = room - len(word)
    if len(before) + len(after) <= left:
        return before, word, after
    keep_after = min(len(after), max(left - len(before), left // 3))
    keep_before = left - keep_after
    if len(after) > keep_after:
        after = after[: max(keep_after - 1, 0)] + "…"
    if len(before) > keep_before:
        before = "…" + before[len(before) - max(keep_before - 1, 0) :]
    return before, word, after


def _printable(text: str) -> str:
    return show(text.replace("\t", _TAB))


def _width(text: str) -> int:
    """Columns that a terminal takes for a text."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if _is_wide(letter) else 1 for letter in text
    )


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text
