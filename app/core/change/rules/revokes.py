"""Revokes that leave open what they mean to close, and what keeps it open."""

from collections.abc import Iterator

from pyroaring import FrozenBitMap

from app.core.change.causes import Taking
from app.core.change.notes import Kind
from app.core.change.rules import catalogue
from app.core.change.rules.judged import SAMPLE, JudgedChange, graver, row_said, said, written
from app.core.change.touched import tables_granted
from app.core.findings import Finding
from app.core.statements.types import Revoke
from app.core.verdicts import SEVERITIES

_MILDEST = SEVERITIES[-1]
_TABLES_OF_A_ROLE = 200


def find_revokes(judged: JudgedChange) -> Iterator[Finding]:
    """One finding for each principal of each revoke that does not close."""
    for taking in judged.change.takings:
        if taking.role:
            yield from _of_role(judged, taking)
        elif (
            taking.table is not None and taking.table not in judged.change.after.lookup.gone_tables
        ):
            yield from _of_table(judged, taking, taking.table)
    for note in judged.change.notes:
        if note.kind is Kind.ONLY_BY and isinstance(note.statement, Revoke):
            yield Finding(
                rule=catalogue.DOES_NOT_CLOSE,
                severity="note",
                message=f"It {note.reason}",
                file=note.statement.file,
                statement=note.statement.number,
                span=note.span,
                mend=f"Have {note.by} run it, and check with --as {note.by}",
            )


def _of_table(judged: JudgedChange, taking: Taking, table: int) -> Iterator[Finding]:
    right = _right(judged, taking)
    grants = judged.after(table)
    if right is None or grants is None:
        return
    view = judged.change.after
    who = judged.people(taking.principal)
    held = view.mode.on_table(right, grants, view.reach).possible & who
    if not held:
        return
    classes = judged.classes(table)
    outside = held - judged.judge_after.permitted(classes.all, right)
    rows = [
        row
        for row in judged.rows_giving(table, right)
        if judged.people((row.principal_type, row.principal)) & (outside or held)
    ]
    own = [row for row in rows if (row.principal_type, row.principal) == taking.principal]
    if not outside and not own:
        return  # what remains is allowed, and no row of his is left
    verdicts = judged.judge_after.decide(grants, classes, (right,)) if outside else []
    severity = verdicts[0].severity if verdicts else (_MILDEST if outside else "note")
    ways = [_way(judged, taking, row) for row in (own or rows)[:SAMPLE]]
    policy = verdicts[0].policy_lines if verdicts else ()
    yield _finding(judged, taking, severity, outside or held, (table,), right, ways, policy)


def _right(judged: JudgedChange, taking: Taking) -> str | None:
    if taking.option_only:
        return "delegate"
    kind, name = taking.principal
    mode = judged.change.after.mode
    rights: set[str] = set()
    for privilege in taking.privileges:
        rights |= mode.meaning("table", kind, name, privilege, False, None).gives
    return "select" if "select" in rights else min(rights, default=None)


def _way(judged: JudgedChange, taking: Taking, row) -> str:  # type: ignore[no-untyped-def]
    end = (row.principal_type, row.principal)
    steps = judged.path(taking.principal, end)
    return "; ".join((*steps, row_said(row)))


def _of_role(judged: JudgedChange, taking: Taking) -> Iterator[Finding]:
    role = ("ROLE", taking.role)
    if taking.option_only or role not in judged.above(taking.principal):
        return
    held = judged.people(taking.principal) & judged.people(role)
    if not held:
        return
    severity, policy = "note", tuple[str, ...]()
    tables: list[int] = []
    for table in tables_granted(judged.change.after.lookup, taking.role)[:_TABLES_OF_A_ROLE]:
        grants = judged.after(table)
        decided = (
            judged.judge_after.decide(grants, judged.classes(table), ("select",)) if grants else []
        )
        if decided:
            tables.append(table)
            policy = policy or decided[0].policy_lines
            worse = decided[0].severity
            severity = worse if severity == "note" else graver(severity, worse)
    ways = list(judged.path(taking.principal, role))
    yield _finding(judged, taking, severity, held, tuple(tables), "select", ways, policy)


def _finding(
    judged: JudgedChange,
    taking: Taking,
    severity: str,
    bits: FrozenBitMap,
    tables: tuple[int, ...],
    right: str,
    ways: list[str],
    policy: tuple[str, ...],
) -> Finding:
    count, people = judged.counted(bits)
    names = judged.names(tables)
    refused = f"Hive refuses it ({taking.refused}), and " if taking.refused else ""
    what = f"role {taking.role}" if taking.role else f"{right} on {names[0]}"
    message = f"{refused}{said(taking.principal)} keeps {what}: {'; '.join(ways)}"
    return Finding(
        rule=catalogue.DOES_NOT_CLOSE,
        severity=severity,
        message=message[0].upper() + message[1:],
        file=taking.statement.file,
        statement=taking.statement.number,
        span=taking.span,
        principal=written(taking.principal),
        object=f"role:{taking.role}" if taking.role else names[0],
        right=right,
        people=count,
        people_sample=people,
        objects=len(names),
        objects_sample=names[:SAMPLE],
        classes=tuple(
            sorted({name for table in tables[:SAMPLE] for name in judged.classes(table).all})
        ),
        path=tuple(ways),
        policy=policy,
        mend=_mend(judged, taking, tables, right),
    )


def _mend(judged: JudgedChange, taking: Taking, tables: tuple[int, ...], right: str) -> str:
    if taking.role or not tables:
        return "Revoke what leads there too: " + "; ".join(
            judged.path(taking.principal, ("ROLE", taking.role))
        )
    name = str(judged.change.after.lookup.table_name(tables[0]))
    for row in judged.rows_giving(tables[0], right):
        end = (row.principal_type, row.principal)
        if end == taking.principal:
            by = f", run by {row.grantor}" if row.grantor else ""
            what = f"{row.privilege} ON TABLE {name}"
            return f"REVOKE {what} FROM {row.principal_type} {row.principal}{by}"
    above = judged.above(taking.principal)
    for row in judged.rows_giving(tables[0], right):
        end = (row.principal_type, row.principal)
        if end in above:
            first = end
            while above[first] not in (taking.principal, None):
                first = above[first]  # type: ignore[assignment]
            kind, member = taking.principal
            return f"REVOKE ROLE {first[1]} FROM {kind} {member}"
    return "Revoke the grants named here too"
