"""What is wrong with single statements: doubles, unknown names, owners, what nobody can judge."""

from collections import defaultdict
from collections.abc import Iterator

from app.core.change.causes import Cause, Wrote
from app.core.change.notes import Kind
from app.core.change.rules import catalogue
from app.core.change.rules.judged import JudgedChange, said, written
from app.core.findings import CANNOT_JUDGE, Finding
from app.core.memberships import Subject
from app.core.names import show
from app.core.rights.grant_rows import GrantRow
from app.core.statements.types import Grant, GrantRole, Revoke, RevokeRole, Span, Statement
from app.core.verdicts import SEVERITIES

_MILDEST = SEVERITIES[-1]
_TIERS = ("restricted", "confidential", "internal", "public")


def find_unjudged(judged: JudgedChange) -> Iterator[Finding]:
    """What is not understood, names nothing the snapshot has, or the engine would refuse."""
    for note in judged.change.notes:
        if note.kind in (Kind.UNKNOWN, Kind.MISSING):
            yield _plain(
                catalogue.UNPARSED,
                CANNOT_JUDGE,
                f"What it does cannot be said: {note.reason}",
                note.statement,
                note.span,
                mend="Crawl the lake again if it is newer than the snapshot"
                if note.kind is Kind.MISSING
                else "Write it in a form that is understood, or have a person judge it",
            )
        elif note.kind is Kind.REFUSED and not isinstance(note.statement, Revoke | RevokeRole):
            yield _plain(
                catalogue.REFUSED,
                "note",
                f"Hive would refuse it: {note.reason}",
                note.statement,
                note.span,
                mend="Remove the statement, or have it run by who may",
            )
        elif note.kind is Kind.DOUBLE:
            yield _plain(
                catalogue.REDUNDANT,
                "note",
                f"It gives nobody anything, and Hive would refuse it: {note.reason}",
                note.statement,
                note.span,
                mend="Remove the statement",
            )


def find_redundant(judged: JudgedChange) -> Iterator[Finding]:
    """Grants whose people had all of it before."""
    view = judged.change.before
    done: set[tuple[int, int]] = set()
    written_by: dict[tuple[int, int], list[GrantRow]] = defaultdict(list)
    for cause in judged.change.causes:
        if cause.row is not None:
            written_by[id(cause.statement), cause.span.start].append(cause.row)
    for cause in judged.change.causes:
        key = (id(cause.statement), cause.span.start)
        if cause.wrote is not Wrote.GRANT or cause.row is None or cause.table is None:
            continue
        before = judged.before(cause.table)
        gives = judged.gives(cause.row)
        people = judged.people((cause.row.principal_type, cause.row.principal))
        if key in done or before is None or not gives or not people:
            continue
        done.add(key)
        rights = frozenset[str]().union(*(judged.gives(row) for row in written_by[key]))
        if all(people <= view.mode.on_table(right, before, view.reach).sure for right in rights):
            principal = (cause.row.principal_type, cause.row.principal)
            name = judged.names((cause.table,))[0]
            yield _plain(
                catalogue.REDUNDANT,
                "note",
                f"{said(principal)} has it on {name} already: nobody gets anything",
                cause.statement,
                cause.span,
                principal=written(principal),
                object=name,
                mend="Remove the statement",
            )


def find_unknown_principals(judged: JudgedChange) -> Iterator[Finding]:
    """Grants to users and groups that the directory does not know."""
    if not judged.change.before.snapshot.mapped("users").num_rows:
        return
    done: set[tuple[int, Subject]] = set()
    for cause in judged.change.causes:
        principal = _granted_to(cause)
        if principal is None or (id(cause.statement), principal) in done:
            continue
        done.add((id(cause.statement), principal))
        kind, name = principal
        table = {"USER": "users", "GROUP": "groups"}.get(kind)
        if table is None or _knows(judged, table, name):
            continue
        alike = _alike(judged, table, name)
        hint = f"; it knows {alike}" if alike else ""
        yield _plain(
            catalogue.UNKNOWN_PRINCIPAL,
            _severity_of(judged, cause),
            f"The directory knows no {kind.lower()} {show(name)}{hint}",
            cause.statement,
            cause.span,
            principal=written(principal),
            mend=f"Write {alike}" if alike else "Leave the grant out until the directory knows it",
        )


def _granted_to(cause: Cause) -> Subject | None:
    if cause.wrote is Wrote.GRANT and cause.row is not None and isinstance(cause.statement, Grant):
        return (cause.row.principal_type, cause.row.principal)
    if cause.wrote is Wrote.MEMBERSHIP and isinstance(cause.statement, GrantRole):
        return cause.member
    return None


def _knows(judged: JudgedChange, table: str, name: str) -> bool:
    rows = judged.change.before.lookup.rows(table)
    row = rows.first(("name",), (name,))
    return bool(row < rows.count and rows.value("name", row) == name)


def _alike(judged: JudgedChange, table: str, name: str) -> str:
    return judged.names_by_lower_case(table).get(name.lower(), "")


def _severity_of(judged: JudgedChange, cause: Cause) -> str:
    """As the audit has it for a name nobody knows: by the gravest class he reaches."""
    if cause.table is None:
        return _MILDEST
    tier = _tier(judged, judged.classes(cause.table).all)
    return judged.policies.severity.severity(tier, "few", "select") or _MILDEST


def _tier(judged: JudgedChange, classes: tuple[str, ...]) -> str:
    tiers = {judged.policies.classification.tier_of(name) for name in classes}
    return next((tier for tier in _TIERS if tier in tiers), "unclassified")


def find_owners(judged: JudgedChange) -> Iterator[Finding]:
    """New owners of classified tables whom policy does not allow to read them."""
    for cause in judged.change.causes:
        gone = judged.change.after.lookup.gone_tables
        if cause.wrote is not Wrote.OWNER or cause.table is None or cause.table in gone:
            continue
        classes = judged.classes(cause.table).all
        name, kind = judged.change.after.lookup.owner(cause.table)
        owner = (kind or "USER", name or "")
        outside = judged.people(owner) - judged.judge_after.permitted(classes, "select")
        tier = _tier(judged, classes)
        severity = judged.policies.severity.severity(tier, "few", "delegate")
        if not classes or not outside or severity is None:
            continue
        count, people = judged.counted(outside)
        table = judged.names((cause.table,))[0]
        audiences = judged.audiences(classes, "select")
        allowed = f" ({', '.join(audiences)})" if audiences else ""
        yield _plain(
            catalogue.OWNER,
            severity,
            f"{said(owner)} would own {table} ({', '.join(classes)}) and is not allowed to read it",
            cause.statement,
            cause.span,
            principal=written(owner),
            object=table,
            right="own",
            people=count,
            people_sample=people,
            objects=1,
            objects_sample=(table,),
            classes=classes,
            mend=f"Remove the statement, or name an owner whom policy allows the data{allowed}",
        )


def _plain(
    rule: str, severity: str, message: str, statement: Statement, span: Span, **more: object
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        message=message[0].upper() + message[1:],
        file=statement.file,
        statement=statement.number,
        span=span,
        **more,  # type: ignore[arg-type]
    )
