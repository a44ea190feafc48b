"""Findings that somebody has answered for: by a comment above a statement, or by a waiver.

A comment answers for findings milder than SEV1 only, and stands in the change itself:

    -- lakewarden: allow new-exposure until=2026-09-30 reason="until the cut-over"

Anything graver needs a waiver in the policies of the base, with its approver. What could
not be judged is never answered for. A comment that is malformed, expired or answers for
nothing is said, and the finding stays.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from app.core.findings import CANNOT_JUDGE, Finding
from app.core.frozen import frozen
from app.core.names import show
from app.core.statements.types import Statement

#: What a comment cannot answer for.
NEEDS_WAIVER = ("SEV0", "SEV1")

_MARK = re.compile(r"\s*lakewarden\s*:\s*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r'\s*(?:(?P<key>[a-z]+)=(?:"(?P<quoted>[^"]*)"|(?P<plain>\S+))|(?P<word>\S+))')
_USAGE = 'Write: -- lakewarden: allow RULE until=YYYY-MM-DD reason="…"'


@frozen
class Suppression:
    """A comment above a statement. `problem` says why it answers for nothing; empty: it does."""

    file: str
    statement: int
    line: int
    rule: str
    until: str  # ISO date, inclusive
    reason: str
    problem: str = ""


@frozen
class Answered:
    """Findings that count, those answered for (`suppressed` says how), and what to say."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    notes: tuple[str, ...]


def suppressions_in(
    text: str, statements: Sequence[Statement], file: str, rules: Collection[str]
) -> list[Suppression]:
    """The comments of a file that speak to Lakewarden, each with the statement below it."""
    found: list[Suppression] = []
    after = 0
    for statement in statements:
        for comment, offset in _comments(text, after, statement.span.end):
            read = _read(comment, file, statement.number, rules)
            if read is not None:
                found.append(replace(read, line=_line(text, offset)))
        after = max(after, statement.span.end)
    for comment, offset in _comments(text, after, len(text)):
        read = _read(comment, file, 0, rules)
        if read is not None:
            problem = read.problem or "no statement stands below it"
            found.append(replace(read, line=_line(text, offset), problem=problem))
    return found


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _comments(text: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """Comments before the first other word between two offsets, with their offsets."""
    position = start
    while position < end:
        letter = text[position]
        if letter.isspace() or letter in ";\ufeff":
            position += 1
        elif text.startswith("--", position):
            stop = _end_of_line(text, position)
            yield text[position + 2 : stop].rstrip("\r"), position
            position = stop
        elif text.startswith("/*", position):
            stop = text.find("*/", position + 2)
            stop = len(text) if stop < 0 else stop
            yield text[position + 2 : stop], position
            position = stop + 2
        else:
            return


def _end_of_line(text: str, start: int) -> int:
    stop = text.find("\n", start)
    return len(text) if stop < 0 else stop


def _read(comment: str, file: str, statement: int, rules: Collection[str]) -> Suppression | None:
    """A comment that begins with `lakewarden:`; anything else is nobody's business here."""
    marked = _MARK.fullmatch(comment)
    if marked is None:
        return None
    words, values = _tokens(marked["rest"])
    rule = words[1] if len(words) > 1 else ""
    read = Suppression(file, statement, 0, rule, values.get("until", ""), values.get("reason", ""))
    return replace(read, problem=_problem(words, values, read, rules))


def _tokens(text: str) -> tuple[list[str], dict[str, str]]:
    words: list[str] = []
    values: dict[str, str] = {}
    for found in _TOKEN.finditer(text):
        if found["key"]:
            values[found["key"]] = (
                found["plain"] if found["quoted"] is None else found["quoted"].strip()
            )
        else:
            words.append(found["word"])
    return words, values


def _problem(
    words: list[str], values: Mapping[str, str], read: Suppression, rules: Collection[str]
) -> str:
    if not words or words[0] != "allow" or len(words) != 2 or values.keys() - {"until", "reason"}:
        return f"it cannot be read. {_USAGE}"
    if read.rule not in rules:
        return f"{show(read.rule)} is no rule. {_USAGE}"
    if not read.until or not read.reason:
        missing = "until=" if not read.until else "reason="
        return f"it has no {missing}. {_USAGE}"
    if day_of(read.until) is None:
        return f"{show(read.until)} is no day. {_USAGE}"
    return ""


def day_of(text: str) -> date | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def answer_by_comments(
    findings: Iterable[Finding], suppressions: Sequence[Suppression], today: date
) -> Answered:
    """Take out what comments answer for; say which do not, and why. Both days count."""
    left: list[Finding] = []
    answered: list[Finding] = []
    used: set[Suppression] = set()
    said: dict[Suppression, str] = {}
    by_place: dict[tuple[str, int, str], list[Suppression]] = {}
    for each in suppressions:
        by_place.setdefault((each.file, each.statement, each.rule), []).append(each)
    for finding in findings:
        place = (finding.file, finding.statement, finding.rule)
        refused, kept = "", None
        for each in by_place.get(place, ()):
            refused = _refusal(each, finding, today)
            if not refused:
                kept = each
                break
            said[each] = refused
        if kept is None:
            left.append(noted(finding, refused))
            continue
        used.add(kept)
        why = f"allowed by the comment on line {kept.line} until {kept.until}: {kept.reason}"
        answered.append(replace(finding, suppressed=why))
    notes = []
    for each in suppressions:
        if each in used:
            continue
        why = each.problem or said.get(each, "it answers for no finding any more: remove it")
        notes.append(f"{each.file}:{each.line}: the suppression does not hold: {why}")
    return Answered(tuple(left), tuple(answered), tuple(notes))


def _refusal(suppression: Suppression, finding: Finding, today: date) -> str:
    """Why a suppression does not answer for a finding; empty: it does."""
    if suppression.problem:
        return suppression.problem
    until = day_of(suppression.until)
    if until is None or until < today:
        return f"it expired on {suppression.until}"
    if finding.severity == CANNOT_JUDGE:
        return "what cannot be judged cannot be allowed"
    if finding.severity in NEEDS_WAIVER:
        return (
            f"{finding.severity} needs a waiver with its approver in waivers.yaml of the base, "
            "not a comment"
        )
    return ""


def noted(finding: Finding, refused: str) -> Finding:
    if not refused:
        return finding
    return replace(finding, message=f"{finding.message} (a comment allows it, but {refused})")
