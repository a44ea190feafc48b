"""Access that a change gives and policy does not allow, led back to its statements."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyroaring import BitMap, FrozenBitMap

from app.core.change.causes import Cause, Wrote
from app.core.change.rules import catalogue
from app.core.change.rules.judged import SAMPLE, JudgedChange, graver, row_said, said, written
from app.core.exposures import EVERYONE, OVER_HEAD_COUNT, UNCLASSIFIED_OPEN, Verdict
from app.core.findings import Finding
from app.core.frozen import frozen
from app.core.judging import TableClasses
from app.core.memberships import Subject
from app.core.statements.types import GrantRole
from app.core.verdicts import SEVERITIES


@dataclass
class _Gathered:
    """What one statement does to one principal, as one rule sees it."""

    cause: Cause
    principal: Subject
    rule: str
    severity: str
    right: str
    people: BitMap = field(default_factory=BitMap)
    tables: set[int] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    policy: set[str] = field(default_factory=set)
    path: tuple[str, ...] = ()
    everyone: int = 0  # how many people everyone is


@frozen
class _Opened:
    """Who newly can and should not on some tables, or is one too many."""

    tables: list[int]
    verdict: Verdict
    bits: FrozenBitMap
    rule: str


_Key = tuple[int, int, Subject, str]  # statement, where in it, principal, rule


def find_openings(judged: JudgedChange) -> Iterator[Finding]:
    """One finding for each statement and principal, by the gravest rule that it breaks."""
    gathered: dict[_Key, _Gathered] = {}
    for opened in _opened(judged):
        for cause, principal, bits, path in _blamed(judged, opened):
            _gather(gathered, opened, cause, principal, bits, path)
    best: dict[tuple[int, int, Subject], _Gathered] = {}
    for (statement, place, principal, _), each in gathered.items():
        key = (statement, place, principal)
        if key not in best or _rank(each) < _rank(best[key]):
            best[key] = each
    for each in best.values():
        yield _finding(judged, each)


def _rank(each: _Gathered) -> tuple[int, int]:
    return (SEVERITIES.index(each.severity), catalogue.PRECEDENCE.index(each.rule))


def _gather(
    gathered: dict[_Key, _Gathered],
    opened: _Opened,
    cause: Cause,
    principal: Subject,
    bits: FrozenBitMap,
    path: tuple[str, ...],
) -> None:
    rule = opened.rule
    nested = isinstance(cause.statement, GrantRole) and principal[0] == "ROLE"
    if nested and rule == catalogue.NEW_EXPOSURE:
        rule = catalogue.NESTING
    key = (id(cause.statement), cause.span.start, principal, rule)
    verdict = opened.verdict
    found = gathered.get(key)
    if found is None:
        found = gathered[key] = _Gathered(
            cause, principal, rule, verdict.severity, verdict.right, path=path
        )
    if SEVERITIES.index(verdict.severity) < SEVERITIES.index(found.severity):
        found.path = path
    found.severity = graver(found.severity, verdict.severity)
    found.right = "select" if "select" in (found.right, verdict.right) else found.right
    found.people |= bits
    if rule in (catalogue.TO_EVERYONE, catalogue.UNCLASSIFIED_WIDE):
        found.everyone = max(found.everyone, verdict.people)
    found.tables.update(opened.tables)
    found.classes.update(verdict.classes)
    found.policy.update(verdict.policy_lines)


def _opened(judged: JudgedChange) -> Iterator[_Opened]:
    for table, tables in judged.groups:
        grants = judged.after(table)
        rights = judged.may_open(table)
        if grants is None or not rights:
            continue
        classes = judged.classes(table)
        for verdict in judged.judge_after.decide(grants, classes, rights):
            yield from _newly(judged, table, tables, classes, verdict)


def _newly(
    judged: JudgedChange,
    table: int,
    tables: list[int],
    classes: TableClasses,
    verdict: Verdict,
) -> Iterator[_Opened]:
    before, was = judged.before(table), FrozenBitMap()
    old: Verdict | None = None
    if before is not None:
        old_classes = judged.classes_before(table)
        decided = judged.judge_before.decide(before, old_classes, (verdict.right,))
        old = decided[0] if decided else None
        if old_classes == classes:
            was = judged.judge_before.reached(verdict.right, before, classes).possible
        elif old is not None:
            was = FrozenBitMap(BitMap.deserialize(old.violators))
    new = FrozenBitMap(BitMap.deserialize(verdict.violators)) - was
    was_over = old is not None and OVER_HEAD_COUNT in old.kinds
    over = OVER_HEAD_COUNT in verdict.kinds and not was_over
    everyone = EVERYONE in verdict.kinds and not (old is not None and EVERYONE in old.kinds)
    if verdict.right == "delegate":
        rule = catalogue.GRANT_OPTION
    elif UNCLASSIFIED_OPEN in verdict.kinds:
        rule = catalogue.UNCLASSIFIED_WIDE
        if old is not None and UNCLASSIFIED_OPEN in old.kinds:
            return
    elif everyone:
        rule = catalogue.TO_EVERYONE
    elif judged.change.holdings.get(table):
        rule = catalogue.COPY
    elif over:
        rule = catalogue.HEAD_COUNT
        reached = FrozenBitMap(BitMap.deserialize(verdict.reach))
        new = new or reached - was
    else:
        rule = catalogue.NEW_EXPOSURE
    if new:
        yield _Opened(tables, verdict, new, rule)


_Blamed = tuple[Cause, Subject, FrozenBitMap, tuple[str, ...]]


def _blamed(judged: JudgedChange, opened: _Opened) -> Iterator[_Blamed]:
    """The statements that opened it, each with whom it lets in and by which way."""
    table, right = opened.tables[0], opened.verdict.right
    rows = judged.rows_giving(table, right)
    covered = BitMap()
    for found in (*_by_grants(judged, opened, rows), *_by_memberships(judged, opened, rows)):
        covered |= found[2]
        yield found
    left = opened.bits - FrozenBitMap(covered)
    if left:
        kinds = (Wrote.MADE, Wrote.DATA, Wrote.DESCRIBED, Wrote.OWNER)
        for cause in judged.change.causes:
            if cause.wrote in kinds and cause.table in opened.tables:
                owner, kind = judged.change.after.lookup.owner(table)
                yield (
                    cause,
                    (kind or "USER", owner or ""),
                    left,
                    tuple(map(row_said, rows[:SAMPLE])),
                )
                return


def _by_grants(judged: JudgedChange, opened: _Opened, rows: list) -> Iterator[_Blamed]:  # type: ignore[type-arg]
    giving = {row.row: row for row in rows}
    own = {each.privilege for each in rows}
    written_to = judged.grants_written
    causes = [each for table in (*opened.tables, None) for each in written_to.get(table, ())]
    for _, cause in sorted(causes, key=lambda each: each[0]):
        row = cause.row
        assert row is not None
        if row.row not in giving and not (own and _helps(judged, opened, cause)):
            continue
        principal = (row.principal_type, row.principal)
        bits = opened.bits & judged.people(principal)
        if bits:
            yield cause, principal, bits, (row_said(row),)


def _helps(judged: JudgedChange, opened: _Opened, cause: Cause) -> bool:
    """Whether a row is one of several that a right takes together, on this object."""
    assert cause.row is not None
    if cause.row.level in ("table", "column") and cause.table not in opened.tables:
        return False
    after = judged.after(opened.tables[0])
    return (
        opened.verdict.right in ("insert", "update", "delete")
        and after is not None
        and any(row.row == cause.row.row for row in after.grants)
    )


def _by_memberships(judged: JudgedChange, opened: _Opened, rows: list) -> Iterator[_Blamed]:  # type: ignore[type-arg]
    principals = {(row.principal_type, row.principal): row for row in rows}
    for cause in judged.memberships_written:
        assert cause.member is not None
        above = judged.above(("ROLE", cause.role))
        end = next((each for each in above if each in principals), None)
        if end is None:
            continue
        bits = opened.bits & judged.people(cause.member)
        if bits:
            steps = (
                f"{said(cause.member)} belongs to role {cause.role}",
                *judged.path(("ROLE", cause.role), end),
                row_said(principals[end]),
            )
            yield cause, cause.member, bits, steps


def _finding(judged: JudgedChange, each: _Gathered) -> Finding:
    count, people = judged.counted(FrozenBitMap(each.people))
    count = each.everyone or count
    names = judged.names(each.tables)
    classes = tuple(sorted(each.classes))
    return Finding(
        rule=each.rule,
        severity=each.severity,
        message=_message(each, count, names, classes),
        file=each.cause.statement.file,
        statement=each.cause.statement.number,
        span=each.cause.span,
        principal=written(each.principal),
        object=_object(each, names),
        right=each.right,
        people=count,
        people_sample=people,
        objects=len(names),
        objects_sample=names[:SAMPLE],
        classes=classes,
        path=each.path,
        policy=tuple(sorted(each.policy)),
        mend=_mend(judged, each, classes),
    )


def _object(each: _Gathered, names: tuple[str, ...]) -> str:
    if each.cause.wrote is Wrote.MEMBERSHIP:
        return f"role:{each.cause.role}"
    return names[0] if len(names) == 1 else ""


def _message(each: _Gathered, count: int, names: tuple[str, ...], classes: tuple[str, ...]) -> str:
    what = names[0] if len(names) == 1 else f"{len(names):,} tables"
    carried = f" ({', '.join(classes)})" if classes else " (unclassified)"
    people = "1 person" if count == 1 else f"{count:,} people"
    through = (
        f"role {each.cause.role}" if each.cause.wrote is Wrote.MEMBERSHIP else "this statement"
    )
    if each.cause.wrote is Wrote.GRANT:
        through = f"this grant to {said(each.principal)}"
    ends = {
        catalogue.TO_EVERYONE: f"opens {what}{carried} to everyone: {people}",
        catalogue.UNCLASSIFIED_WIDE: f"opens {what}{carried} to everyone",
        catalogue.HEAD_COUNT: f"lets {people} more read {what}{carried} than its contract allows",
        catalogue.GRANT_OPTION: f"lets {people} pass on access to {what}{carried}",
        catalogue.COPY: f"shows a copy of{carried} data in {what} to {people} not allowed it",
    }
    default = f"gives {people} {each.right} on {what}{carried}, which no policy line allows"
    text = ends.get(each.rule, default)
    return f"{through[0].upper()}{through[1:]} {text}"


def _mend(judged: JudgedChange, each: _Gathered, classes: tuple[str, ...]) -> str:
    audiences = judged.audiences(classes, each.right)
    allowed = f"; policy allows it to {', '.join(audiences)}" if audiences else ""
    if each.rule == catalogue.GRANT_OPTION and each.cause.wrote is Wrote.GRANT:
        return "Leave out WITH GRANT OPTION"
    if each.cause.wrote is Wrote.MEMBERSHIP:
        return (
            f"Leave out {said(each.principal)} here: remove it from role {each.cause.role}{allowed}"
        )
    if each.cause.wrote is Wrote.GRANT:
        return f"Leave out {said(each.principal)}, or remove the statement{allowed}"
    return f"Remove the statement, or run it as who may read the data{allowed}"
