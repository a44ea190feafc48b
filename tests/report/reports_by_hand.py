"""Small reports made by hand, and large ones made row by row as they are asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from app.core.exposures import SCHEMA
from app.core.run_report import Posture, RunReport

#: 2026-06-09 09:41 UTC.
JUNE = 1_780_998_060

HTML_NAME = '<script>alert("x")</script>&amp;'
BIDI_NAME = "payroll\u202egnp.exe\u2066"
LINES_NAME = "a\nb\r\nc\td\x1b[31m\x00"
FORMULA_NAME = '=HYPERLINK("http://evil/","pay")'
QUOTED_NAME = 'o\'brien "the" `boss`, jr; esq.'

_BLANK: dict[str, Any] = {
    "scope": "table",
    "catalog": "hive",
    "database": "monitoring",
    "table": "keys",
    "table_ordinal": 0,
    "right": "select",
    "kind": "not-allowed",
    "severity": "SEV2",
    "tier": "restricted",
    "classes": ["employee-keystrokes"],
    "class_evidence": ["employee-keystrokes by keys-by-name (classes.yaml:12)"],
    "people": 0,
    "services": 0,
    "inactive": 0,
    "unknown": 0,
    "opaque_groups": 0,
    "everyone": False,
    "not_permitted": 1,
    "contract": None,
    "in_doubt": False,
    "openings": [],
    "grants": [],
    "grant_count": 0,
    "policy_lines": [],
    "detail": "",
    "opened_at": None,
    "status": "baseline",
    "first_seen": "2026-06-15T06:00:00Z",
    "first_run": "run-1",
    "verdict": 0,
}


def exposure(number: int, name: str, **fields: Any) -> dict[str, Any]:
    """One exposure row; `kinds` follows `kind` unless given."""
    row = {**_BLANK, "id": f"{number:016x}", "object": name, "table_ordinal": number, **fields}
    return {"kinds": [row["kind"]], **row}


def grant(source: str, principal: str, **fields: Any) -> dict[str, Any]:
    """One recorded grant as evidence."""
    return {
        "source": source,
        "principal": principal,
        "privilege": "SELECT",
        "grant_option": False,
        "grantor": "svc_etl",
        "granted_at": JUNE,
        **fields,
    }


def opening(name: str, **fields: Any) -> dict[str, Any]:
    """One row of openings.OPENING_SCHEMA."""
    return {
        "opening": name,
        "form": "grants",
        "severity": "SEV2",
        "everyone": False,
        "tables": 1,
        "rights": ["select"],
        "classes": ["payroll"],
        "people": 3,
        "wrong_people": 0,
        "wrong_services": 0,
        "wrong_inactive": 0,
        "wrong_unknown": 0,
        "path": [],
        "path_rows": [],
        "granted_by": None,
        "since": None,
        **fields,
    }


JUNE_OPENING = opening(
    "role:people_analytics_convenience",
    form="nesting",
    severity="SEV0",
    everyone=True,
    tables=45_000,
    classes=["employee-keystrokes", "employee-messages", "performance"],
    people=3_350,
    path=["role public is a member of role people_analytics_convenience"],
    path_rows=["ROLE_MAP 4711"],
    granted_by="marcus.oyelaran",
    since=JUNE,
)


def data_class(name: str, **fields: Any) -> dict[str, Any]:
    """One row of the posture's classes."""
    return {
        "class": name,
        "tier": "restricted",
        "description": "What employees type",
        "tables": 10,
        "exposed_tables": 0,
        "people_can": 5,
        "people_should": 5,
        "everyone": False,
        "contract": None,
        "notify": [],
        **fields,
    }


def statement(sql: str, **fields: Any) -> dict[str, str]:
    """One statement of a mend."""
    return {"sql": sql, "run_as": "user:svc_etl", "set_role": "", "because": "", **fields}


def simulation(**fields: Any) -> dict[str, Any]:
    """A simulation of a mend that closes three tables and breaks nothing."""
    return {
        "closes_all": True,
        "exposures_closed": 3,
        "exposures_left": 0,
        "tables_closed": 3,
        "people_closed": 7,
        "allowed_lost": 0,
        "allowed_lost_sample": [],
        "opened": 0,
        **fields,
    }


def plan(*statements: dict[str, str], **fields: Any) -> dict[str, Any]:
    """What a posture carries of a plan."""
    return {
        "words": "in one line",
        "effect": "in one line",
        "statements": list(statements),
        "statement_count": len(statements),
        "exact": True,
        "bound": "",
        "cannot": "",
        "simulation": simulation() if statements else None,
        **fields,
    }


def mend(cause: str, *statements: dict[str, str], **fields: Any) -> dict[str, Any]:
    """What a posture carries of one incident's mend."""
    return {
        "incident": "2bdd0f1cd0f1ad75",
        "severity": "SEV0",
        "cause": cause,
        "widest": False,
        "everyone": False,
        "tables": 3,
        "people": 7,
        "in_doubt": False,
        "made": True,
        "why_not": "",
        "command": "lakewarden incidents plan 2bdd0f1cd0f1ad75",
        "alternative": None,
        **plan(*statements),
        **fields,
    }


JUNE_MEND = mend(
    "role public is a member of role people_analytics_convenience",
    statement(
        "REVOKE ROLE people_analytics_convenience FROM ROLE public",
        run_as="admin",
        set_role="ADMIN",
        because="REVOKE ROLE takes ADMIN, whoever granted it",
    ),
    widest=True,
    everyone=True,
    tables=45_000,
    people=3_300,
    simulation=simulation(
        exposures_closed=44_992, exposures_left=8, tables_closed=44_992, people_closed=3_182
    ),
)


def not_made(cause: str, why: str, **fields: Any) -> dict[str, Any]:
    """An incident whose mend was not made."""
    return mend(
        cause,
        made=False,
        why_not=why,
        words="ask for it: lakewarden incidents plan 2bdd0f1cd0f1ad75",
        effect="",
        exact=False,
        **fields,
    )


def posture(**fields: Any) -> Posture:
    """A posture of a clean lake of ten tables, with what is given instead."""
    return {
        "lake": "production",
        "run": "run-1",
        "snapshot": "5f" * 32,
        "policies": "a1" * 32,
        "mode": "sql-standard",
        "started_at": "2026-06-15T06:00:00Z",
        "finished_at": "2026-06-15T06:00:12Z",
        "baseline": False,
        "complete": True,
        "exit_code": 0,
        "reasons": [],
        "objects": {
            "databases": 2,
            "tables": 10,
            "views": 1,
            "columns": 100,
            "grants": 40,
            "roles": 4,
            "role_members": 7,
        },
        "people": {
            "directory_known": True,
            "active_people": 3_350,
            "services": 60,
            "inactive": 150,
            "unknown": 2,
            "opaque_groups": 0,
        },
        "exposures": counts([]),
        "classes": [data_class("employee-keystrokes")],
        "openings": [],
        "mends": [],
        "gaps": [],
        "slow_because": "",
        "skipped": "",
        **fields,
    }


def counts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The posture's counts of some exposures."""
    found: dict[str, Any] = {"total": len(rows), "by_severity": {}, "by_kind": {}, "by_status": {}}
    for row in rows:
        for key, values in (
            ("by_severity", [row["severity"]]),
            ("by_kind", row["kinds"]),
            ("by_status", [row["status"]]),
        ):
            for value in values:
                found[key][value] = found[key].get(value, 0) + 1
    found["tables"] = len({row["object"] for row in rows if row["scope"] == "table"})
    return found


def report(
    said: Mapping[str, Any], rows: list[dict[str, Any]], gone: list[dict[str, Any]] | None = None
) -> RunReport:
    """A report of a posture and its rows, whose counts are taken from the rows."""
    full = {**said, "exposures": counts(rows)} if rows else dict(said)
    return RunReport(full, lambda: _batches(rows), lambda: _batches(gone or []))


def _batches(rows: list[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    # Two batches, so that what only works on one is found.
    for part in (rows[:1], rows[1:]):
        if part:
            yield pa.RecordBatch.from_pylist(part, SCHEMA)


def hostile_report() -> RunReport:
    """The June incident, told with names that want to be markup, formulas and commands."""
    rows = [
        exposure(
            1,
            "monitoring.keys_2026",
            kind="everyone",
            kinds=["everyone", "over-head-count"],
            severity="SEV0",
            people=3_350,
            services=60,
            everyone=True,
            not_permitted=3_300,
            contract=20,
            openings=["role:people_analytics_convenience"],
            grants=[grant("TBL_PRIVS 17", "role:people_analytics_convenience")],
            grant_count=8,
            policy_lines=["policy.csv:4: p, group:monitoring, employee-keystrokes, select, allow"],
            opened_at=JUNE,
        ),
        exposure(
            2, f"monitoring.`{HTML_NAME}`", table=HTML_NAME, classes=[HTML_NAME], people=1,
            openings=[f"role:{HTML_NAME}"], status="opened",
            grants=[grant("TBL_PRIVS 18", f"role:{HTML_NAME}", grantor=FORMULA_NAME)],
            grant_count=1, class_evidence=[f"{HTML_NAME} by <b>bold</b> (classes.yaml:9)"],
        ),
        exposure(3, BIDI_NAME, database=BIDI_NAME, services=2, openings=[f"user:{QUOTED_NAME}"]),
        exposure(4, LINES_NAME, unknown=1, opaque_groups=1, in_doubt=True, detail=LINES_NAME),
        exposure(
            5, FORMULA_NAME, kind="can-delegate", right="delegate", people=212, opened_at=0,
            grants=[grant("+1", "@SUM(A1)", grantor=None, granted_at=None, grant_option=True)],
            grant_count=1, openings=["-1+1", "＝cmd"], policy_lines=["'=quoted"],
        ),
        exposure(
            6, "production", scope="lake", kind="can-make-themselves", severity="SEV1",
            catalog=None, database=None, table=None, table_ordinal=None, verdict=None, people=3,
            openings=["role:admin"], detail="3 people may SET ROLE ADMIN",
        ),
        exposure(
            7, f"user:{QUOTED_NAME}", scope="principal", kind="leaver", severity="SEV3",
            catalog=None, database=None, table=None, table_ordinal=None, verdict=None, inactive=1,
            detail="4 grants on 4 tables, 1 role memberships", opened_at=JUNE,
        ),
        exposure(
            8, f"group:{BIDI_NAME}", scope="principal", kind="unknown-principal", severity="SEV4",
            catalog=None, database=None, table=None, table_ordinal=None, verdict=None,
            opaque_groups=1, classes=[], tier="unclassified", detail="1 grants on 1 tables",
        ),
    ]  # fmt: skip
    openings = [
        JUNE_OPENING,
        opening(
            f"role:{HTML_NAME}",
            form="nesting",
            everyone=True,
            tables=1,
            classes=[HTML_NAME],
            path=[
                "role public is a member of role staff",
                f"role staff is a member of role {HTML_NAME}",
            ],
            path_rows=["ROLE_MAP 12", "ROLE_MAP 13"],
            granted_by=LINES_NAME,
            since=JUNE + 86_400,
        ),
        opening(f"user:{QUOTED_NAME}", people=1, tables=1, wrong_people=1, wrong_services=2),
        opening(f"group:{BIDI_NAME}", people=0, classes=[], tables=2),
    ]
    mends = [
        JUNE_MEND,
        mend(
            f"grants to role {HTML_NAME}",
            statement(
                f"REVOKE SELECT ON TABLE monitoring.`{HTML_NAME}` FROM ROLE `{HTML_NAME}`",
                run_as=f"user:{QUOTED_NAME}",
                because=f"granted {LINES_NAME}",
            ),
            statement(f"REVOKE SELECT ON TABLE db.t FROM USER `{BIDI_NAME}`"),
            statement("", left_out="1200 characters: lakewarden incidents plan 2bdd0f1cd0f1ad75"),
            statement_count=45,
            cannot=f"only {LINES_NAME} could take back TBL_PRIVS 9",
            simulation=simulation(
                closes_all=False,
                exposures_left=1,
                allowed_lost=2,
                allowed_lost_sample=[[f"user:{HTML_NAME}", "select", LINES_NAME]],
                opened=1,
            ),
            alternative=plan(
                statement("GRANT SELECT ON TABLE db.t TO USER `a  b`", run_as="anyone")
            ),
        ),
        not_made(LINES_NAME, f"making it broke off ({HTML_NAME}: see the log)", in_doubt=True),
    ]
    said = posture(
        mends=mends,
        lake=f"lake {HTML_NAME}",
        baseline=True,
        exit_code=1,
        reasons=["8 exposures of SEV4 or graver", f"the worst is in {LINES_NAME}"],
        openings=openings,
        classes=[
            data_class(
                "employee-keystrokes",
                tables=12_000,
                exposed_tables=12_000,
                people_can=3_350,
                people_should=18,
                everyone=True,
                contract=20,
                notify=["privacy@example.com", HTML_NAME],
            ),
            data_class(HTML_NAME, description=LINES_NAME, people_can=None, people_should=None),
        ],
        slow_because=f"the matcher calls {FORMULA_NAME}",
    )
    return report(said, rows)


def empty_report() -> RunReport:
    """A lake of no table at all, which is no clean lake."""
    nothing = dict.fromkeys(posture()["objects"], 0)
    reason = "the lake has no table, so nothing could be judged"
    said = posture(objects=nothing, classes=[], complete=False, exit_code=2, reasons=[reason])
    return report(said, [])


def clean_report() -> RunReport:
    """A lake that was read whole and in which nothing was found."""
    return report(posture(), [])


def gaps_report() -> RunReport:
    """A second audit that could not read everything: no directory, two databases closed."""
    rows = [
        exposure(1, "hr.salaries", severity="SEV1", status="opened", unknown=2, people=0),
        exposure(2, "hr.bonus", status="grown", opaque_groups=1, in_doubt=True),
        exposure(3, "hr.old", status="shrunk", services=1, first_seen="2026-01-02T00:00:00Z"),
        exposure(4, "closed.secret", status="unknown", people=9, verdict=None),
        exposure(5, "hr.same", status="persisting", people=2),
    ]
    gone = [exposure(9, "hr.gone", status="gone", people=4)]
    gaps = [
        {"scope": "database", "object": name, "reason": "permission denied", "doubt": "All of it"}
        for name in ("closed", "sealed", f"odd {BIDI_NAME}", "fourth", "fifth")
    ]
    gaps.append(
        {"scope": "directory", "object": "", "reason": "not given", "doubt": "Who everyone is"}
    )
    people = {**dict.fromkeys(posture()["people"], 0), "directory_known": False}
    said = posture(
        complete=False,
        exit_code=2,
        reasons=["6 gaps put the report in doubt", "5 exposures of SEV4 or graver"],
        gaps=gaps,
        people=people,
        openings=[opening("role:public", severity="SEV1", everyone=True, people=0, tables=3)],
        classes=[data_class("payroll", people_can=None, people_should=None, everyone=True)],
        skipped="leavers and unknown principals, as no directory was given",
    )
    del said["mends"]  # a run of an older version, which drafted none
    return report(said, rows, gone)


def large_report(rows: int, rows_in_a_batch: int = 10_000) -> RunReport:
    """As many exposures as wanted, each batch made when it is asked for."""
    tables = [
        exposure(
            number,
            f"monitoring_keystrokes.keystrokes_emea_{number:06d}",
            kind="everyone",
            severity="SEV0",
            people=3_350,
            everyone=True,
            openings=["role:people_analytics_convenience"],
            grants=[grant(f"TBL_PRIVS {number}", "role:people_analytics_convenience")],
            grant_count=1,
            policy_lines=["policy.csv:4: p, group:monitoring, employee-keystrokes, select, allow"],
            opened_at=JUNE,
        )
        for number in range(min(rows, rows_in_a_batch))
    ]
    made = pa.Table.from_pylist(tables, SCHEMA).combine_chunks()

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, rows, rows_in_a_batch):
            yield from made.slice(0, min(rows_in_a_batch, rows - start)).to_batches()

    said = posture(exit_code=1, reasons=["too open"], openings=[JUNE_OPENING])
    said["exposures"] = {
        "total": rows,
        "tables": rows,
        "by_severity": {"SEV0": rows},
        "by_kind": {"everyone": rows},
        "by_status": {"baseline": rows},
    }
    return RunReport(said, batches, lambda: iter(()))
