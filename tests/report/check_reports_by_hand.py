"""Reports of checks made by hand: a plain one, a clean one, a hostile one, a large one."""

from app.core.findings import (
    CANNOT_JUDGE,
    CheckedFile,
    CheckReport,
    EffectSummary,
    Finding,
    Rule,
)
from app.core.statements.types import Span

RULES = (
    Rule("exposure-to-everyone", "Opens data to everyone", "Everyone could read what few should."),
    Rule("redundant-grant", "Gives nothing new", "The access was there before."),
    Rule("revoke-does-not-close", "Closes nothing", "The access remains."),
    Rule("unparsed-statement", "Not understood", "Never a pass."),
)

JUNE = "grants/2026-06-09.sql"
_JUNE_TEXT = (
    "-- ordinary grants of the morning\n"
    "GRANT ROLE sales_emea TO USER `ann`;\n"
    "GRANT ROLE people_analytics_convenience TO ROLE public;\n"
)


def span(line: int, column: int, length: int) -> Span:
    """A span within one line."""
    return Span(line, column, line, column + length)


def june_finding() -> Finding:
    """The finding of June 2026."""
    return Finding(
        rule="exposure-to-everyone",
        severity="SEV0",
        message="Everyone (3,200 people) could read 45,000 tables of 6 restricted classes",
        file=JUNE,
        statement=2,
        span=span(3, 49, 6),
        principal="role:public",
        right="select",
        people=3200,
        people_sample=("aaron.abel", "ada.bauer", "ada.cole"),
        objects=45_000,
        objects_sample=("monitoring_ai.prompts_amer_20260101",),
        classes=("ai_prompts", "keystrokes"),
        path=(
            "role public is in role people_analytics_convenience",
            "role people_analytics_convenience has SELECT",
        ),
        policy=("policies/policy.csv:12: p, group:monitoring-program, keystrokes, select, allow",),
        mend="Remove the statement",
    )


def june_report() -> CheckReport:
    """One finding that fails, one note, one that is suppressed."""
    note = Finding(
        rule="redundant-grant",
        severity="note",
        message="ann holds role sales_emea already",
        file=JUNE,
        statement=1,
        span=span(2, 12, 10),
        principal="user:ann",
        object="sales_emea",
    )
    suppressed = Finding(
        rule="revoke-does-not-close",
        severity="SEV3",
        message="bob keeps SELECT through role readers",
        file=JUNE,
        statement=1,
        span=span(2, 1, 5),
        principal="user:bob",
        object="hr.salaries",
        right="select",
        suppressed="allowed by the comment on line 1 until 2026-09-30: cut-over",
    )
    return CheckReport(
        lake="demo",
        snapshot="0123456789abcdef" * 4,
        snapshot_taken_at="2026-06-15T08:00:00Z",
        policies="fedcba9876543210 of policies at 0a1b2c3d4e5f",
        runner="marcus.oyelaran",
        files=(CheckedFile(JUNE, _JUNE_TEXT, 2),),
        findings=(note, june_finding()),
        suppressed=(suppressed,),
        notes=("policies/policy.csv is changed too",),
        exit_code=1,
        effect_counts={"given": 144_000_000, "taken": 0, "unknown": 2},
        rules=RULES,
        effects=(
            EffectSummary(
                "select", "denied", "allowed", 3200, ("aaron.abel",), 45_000, ("a.b", "a.c")
            ),
        ),
        effects_cut=0,
    )


def clean_report() -> CheckReport:
    """Nothing found."""
    return CheckReport(
        lake="main",
        snapshot="f" * 64,
        snapshot_taken_at="2026-06-15T08:00:00Z",
        policies="fedcba9876543210 of policies, as it stands",
        runner="",
        files=(CheckedFile("-", "SHOW ROLES", 1),),
        findings=(),
        suppressed=(),
        notes=(),
        exit_code=0,
        rules=RULES,
    )


def hostile_report() -> CheckReport:
    """Names that would be commands, markup, escapes or broken XML if they were not escaped."""
    name = "grants/we, ird:%0A\u202e<b>`|\x1b[31m.sql"
    text = "GRANT\tSELECT ON `a\u3042b` TO USER `x`;\r\n" + "y" * 400 + " GRANT z" + "w" * 400
    evil = "::error::]]>&<script>alert(1)</script>\n::set-env name=A::b | `x` @team \x00\ud800"
    findings = (
        Finding(
            rule="unparsed-statement",
            severity=CANNOT_JUDGE,
            message=evil,
            file=name,
            statement=1,
            span=span(1, 17, 5),
            mend=evil,
        ),
        Finding(
            rule="exposure-to-everyone",
            severity="SEV1",
            message="in a long line",
            file=name,
            statement=2,
            span=span(2, 402, 5),
            principal=evil,
            object=evil,
            right="select",
            people=7,
            people_sample=(evil, "b", "c", "d", "e", "f", "g"),
            path=(evil,),
        ),
        Finding(
            rule="exposure-to-everyone",
            severity="SEV1",
            message="over two lines",
            file=name,
            statement=1,
            span=Span(1, 27, 2, 4),
        ),
        Finding(
            rule="stale-snapshot",
            severity=CANNOT_JUDGE,
            message="of no file at all",
            file="",
            statement=0,
            span=Span(0, 0, 0, 0),
        ),
    )
    return CheckReport(
        lake="ma in/",
        snapshot="0" * 64,
        snapshot_taken_at="2026-06-15T08:00:00Z",
        policies="x",
        runner=evil,
        files=(CheckedFile(name, text, 2),),
        findings=findings,
        suppressed=(),
        notes=(evil,),
        exit_code=2,
        rules=RULES,
    )


def large_report(count: int = 60) -> CheckReport:
    """Many findings of three levels, all with the same key."""
    severities = ("SEV4", "SEV3", "SEV0")
    findings = tuple(
        Finding(
            rule="exposure-to-everyone",
            severity=severities[number % 3],
            message=f"finding {number}",
            file="big.sql",
            statement=number + 1,
            span=span(number + 1, 1, 3),
        )
        for number in range(count)
    )
    text = "\n".join(f"GRANT {number};" for number in range(count))
    return CheckReport(
        lake="main",
        snapshot="1" * 64,
        snapshot_taken_at="2026-06-15T08:00:00Z",
        policies="x",
        runner="",
        files=(CheckedFile("big.sql", text, count),),
        findings=findings,
        suppressed=(),
        notes=(),
        exit_code=1,
        rules=RULES,
    )
