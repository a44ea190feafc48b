"""The check of a change, as a sentence.

`read → apply → find → answer for → report`: statements are read, applied to a copy of the
snapshot in their order, what that does is judged by the base's policies, and what somebody
answered for (a waiver, a comment, the baseline) is taken out. Each step lives elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.core.baseline import Baseline, answer_by_baseline
from app.core.check_rules import (
    PARTIAL_SNAPSHOT,
    STALE_SNAPSHOT,
    UNPARSED_STATEMENT,
    cannot_judge,
    every_rule,
)
from app.core.errors import CheckInputError
from app.core.findings import (
    CANNOT_JUDGE,
    CheckedFile,
    CheckReport,
    Effect,
    Finding,
)
from app.core.frozen import frozen
from app.core.lake_view import LakeView
from app.core.statements.types import Statement
from app.core.suppressions import (
    Suppression,
    answer_by_comments,
    suppressions_in,
)
from app.core.verdicts import Policies
from app.core.waived_findings import answer_by_waivers
from app.report.check_phrases import fails, place_key

if TYPE_CHECKING:
    from app.core.change.applying import Change
    from app.core.change.effect_summaries import SummedEffects

#: A clock that runs ahead of ours by so much is not worth a word.
_SKEW = timedelta(minutes=5)


@frozen
class SqlFile:
    """A file of the change as bytes. name: as findings call it."""

    name: str
    content: bytes


@frozen(slots=False)
class CheckRequest:
    """What is checked, and how strictly.

    runner: the user who will run the statements; None: nobody said. max_age: how old the
    snapshot may be; None: any age. suppressions: False for auditors, whom no comment,
    waiver or baseline answers for anything. effects: whether all that the change gives
    and takes is worked out, and not only what is wrong with it.
    """

    files: tuple[SqlFile, ...]
    dialect: str = "hive"
    runner: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    fail_on: str = "SEV4"
    max_age: timedelta | None = None
    suppressions: bool = True
    baseline: Baseline | None = None
    effects: bool = False


@frozen(slots=False)
class CheckParts:
    """What a check is made from, built by `wiring`.

    policies_from: where the policies were read, in words. beside: findings about the
    change's own policies, with their files. notes: what else is to be said.
    """

    view: LakeView
    policies: Policies
    policies_from: str
    seen_at: datetime  # when a crawl last found the lake so
    now: datetime
    beside: tuple[Finding, ...] = ()
    beside_files: tuple[CheckedFile, ...] = ()
    notes: tuple[str, ...] = ()


@frozen(slots=False)
class Checked:
    """What a check came to. unanswered: every finding, before anybody answered for it."""

    report: CheckReport
    change: "Change"
    unanswered: tuple[Finding, ...]

    def effects(self) -> Iterator[Effect]:
        """Every access that the change gives or takes, in order."""
        from app.core.change.effects import effects

        return effects(self.change)


def check_change(parts: CheckParts, request: CheckRequest) -> Checked:
    """Read, apply, find, answer for and report."""
    from app.core.change.applying import apply

    read = _read(request)
    classification = parts.policies.classification
    change = apply(parts.view, read.statements, request.runner, classification=classification)
    found = [*read.unreadable, *_of_snapshot(parts, request), *parts.beside]
    found += _of_statements(parts, change)
    answered = _answered(parts, request, read.suppressions, found)
    return Checked(_report(parts, request, read, answered, change), change, tuple(found))


@frozen
class _Read:
    files: tuple[CheckedFile, ...]
    statements: tuple[Statement, ...]
    suppressions: tuple[Suppression, ...]
    unreadable: tuple[Finding, ...]
    notes: tuple[str, ...]


def _read(request: CheckRequest) -> _Read:
    """Every file's statements. What cannot be decoded is a finding, not a file left out."""
    from app.core.statements.reading import decode_sql, read_statements

    rules = every_rule()
    files: list[CheckedFile] = []
    statements: list[Statement] = []
    suppressions: list[Suppression] = []
    unreadable: list[Finding] = []
    notes: list[str] = []
    for file in request.files:
        try:
            text = decode_sql(file.content, file.name)
        except CheckInputError as problem:
            files.append(CheckedFile(file.name, "", 0))
            unreadable.append(
                cannot_judge(UNPARSED_STATEMENT, problem.message, file.name, problem.mend)
            )
            continue
        found = read_statements(
            text, file=file.name, dialect=request.dialect, variables=request.variables
        )
        # Several inserts of one statement come apart, each with its number.
        files.append(CheckedFile(file.name, text, len({each.number for each in found})))
        statements += found
        suppressions += suppressions_in(text, found, file.name, rules)
        if not found:
            notes.append(f"{file.name} holds no statement")
    return _Read(
        tuple(files), tuple(statements), tuple(suppressions), tuple(unreadable), tuple(notes)
    )


def _of_snapshot(parts: CheckParts, request: CheckRequest) -> list[Finding]:
    """Whether the snapshot can be judged on at all."""
    if not request.files and not parts.beside_files:
        return []  # nothing is judged on it
    file = request.files[0].name if request.files else parts.beside_files[0].name
    found = []
    age = parts.now - parts.seen_at
    if request.max_age is not None and age > request.max_age:
        message = (
            f"The snapshot of {parts.view.lake} is {_span(age)} old, "
            f"and the check allows {_span(request.max_age)}"
        )
        mend = "Crawl the lake again (and export it for CI), or raise --max-age"
        found.append(cannot_judge(STALE_SNAPSHOT, message, file, mend))
    elif age < -_SKEW:
        message = f"The snapshot of {parts.view.lake} is from the future, by {_span(-age)}"
        found.append(cannot_judge(STALE_SNAPSHOT, message, file, "Set this machine's clock right"))
    if parts.view.unread_grants:
        message = f"The snapshot of {parts.view.lake} is partial: {parts.view.unread_grants}"
        mend = "Crawl the lake until lakewarden gaps names no grants"
        found.append(cannot_judge(PARTIAL_SNAPSHOT, message, file, mend))
    return found


def _span(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    if hours < 1:
        return f"{max(round(hours * 60), 1)} minutes"
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"


def _of_statements(parts: CheckParts, change: "Change") -> list[Finding]:
    from app.core.change.rules import find

    return find(change, parts.view, parts.policies)


@frozen
class _Answered:
    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    notes: tuple[str, ...]


def _answered(
    parts: CheckParts,
    request: CheckRequest,
    suppressions: tuple[Suppression, ...],
    found: list[Finding],
) -> _Answered:
    """Waivers of the base first, then comments, then the baseline."""
    if not request.suppressions:
        return _Answered(tuple(found), (), ("no comment, waiver or baseline was heeded",))
    today = parts.now.date()
    tiers = {each.name: each.tier for each in parts.policies.classification.classes}
    waived = answer_by_waivers(found, parts.policies.waivers, parts.view.lake, tiers, today)
    allowed = answer_by_comments(waived.findings, suppressions, today)
    # Whether a comment or an entry is stale is asked of all findings: what somebody else
    # answers for as well does not make it so.
    notes = [*waived.notes, *answer_by_comments(found, suppressions, today).notes]
    left, suppressed = allowed.findings, [*waived.suppressed, *allowed.suppressed]
    if request.baseline is not None:
        known = answer_by_baseline(left, request.baseline)
        left = known.findings
        suppressed += known.suppressed
        notes += answer_by_baseline(found, request.baseline).notes
    return _Answered(left, tuple(suppressed), tuple(notes))


def _report(
    parts: CheckParts,
    request: CheckRequest,
    read: _Read,
    answered: _Answered,
    change: "Change",
) -> CheckReport:
    order = {file.name: number for number, file in enumerate(read.files)}

    def in_order(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(sorted(findings, key=lambda each: (order.get(each.file, -1), place_key(each))))

    effects = _summed(change) if request.effects else None
    return CheckReport(
        lake=parts.view.lake,
        snapshot=parts.view.snapshot.content_hash,
        snapshot_taken_at=parts.seen_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        policies=f"{parts.policies.digest[:16]} {parts.policies_from}",
        runner=request.runner or "",
        files=(*read.files, *parts.beside_files),
        findings=in_order(answered.findings),
        suppressed=in_order(answered.suppressed),
        notes=(*parts.notes, *read.notes, *_without_effect(change), *answered.notes),
        exit_code=_exit_code(answered.findings, request.fail_on),
        effect_counts={} if effects is None else effects.counts,
        fail_on=request.fail_on,
        rules=tuple(every_rule().values()),
        effects=None if effects is None else effects.listed,
        effects_cut=0 if effects is None else effects.left_out,
    )


def _without_effect(change: "Change") -> Iterator[str]:
    """Statements that run and change nobody's access, though they look as if they would."""
    from app.core.change.notes import Kind

    for note in change.notes:
        if note.kind is Kind.NO_EFFECT:
            place = f"{note.statement.file}:{note.span.line}"
            yield f"{place}: the statement changes nobody's access: {note.reason}"


def _summed(change: "Change") -> "SummedEffects":
    from app.core.change.effect_summaries import summed_effects

    return summed_effects(change)


def _exit_code(findings: tuple[Finding, ...], fail_on: str) -> int:
    """2 wins: what could not be judged is never a pass."""
    if any(each.severity == CANNOT_JUDGE for each in findings):
        return 2
    return int(any(fails(each, fail_on) for each in findings))
