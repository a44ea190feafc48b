"""Findings of a check: what a change to grants does that it should not, and where."""

from collections.abc import Mapping
from dataclasses import field

from app.core.frozen import frozen
from app.core.statements.types import Span

#: A finding of this severity says that the check could not judge: exit 2, never a pass.
CANNOT_JUDGE = "cannot-judge"


@frozen
class Rule:
    """One rule of the check, explained in docs/rules/<id>.md."""

    id: str  # kebab-case
    title: str
    help: str


@frozen
class Finding:
    """One thing wrong with a change.

    The key (rule, principal, object, right) stays when lines move and counts change: a
    baseline and fingerprints are made of it.
    """

    rule: str
    severity: str  # SEV0 … SEV4, `cannot-judge`, or `note` (said, never fails)
    message: str  # one sentence: what, who, through what
    file: str
    statement: int  # from 1 in its file; 0: no statement, the whole change
    span: Span  # the guilty word
    principal: str = ""  # role:NAME …
    object: str = ""  # db.table …
    right: str = ""
    people: int = 0
    people_sample: tuple[str, ...] = ()
    objects: int = 0
    objects_sample: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    path: tuple[str, ...] = ()  # memberships and the grant, in words, in order
    policy: tuple[str, ...] = ()  # the policy lines considered, none of which allows it
    mend: str = ""  # the smallest change to the change that would pass
    suppressed: str = ""  # why it does not count; empty: it counts


@frozen
class Effect:
    """An access that the change gives or takes. Words as in `can`: allowed, denied, unknown."""

    user: str
    right: str
    object: str
    before: str
    after: str


@frozen
class EffectSummary:
    """The accesses that change alike: each of these people, on each of these objects."""

    right: str
    before: str
    after: str
    people: int
    people_sample: tuple[str, ...]
    objects: int
    objects_sample: tuple[str, ...]


@frozen
class CheckedFile:
    """One file of a change as it was read."""

    name: str
    text: str
    statements: int


@frozen(slots=False)
class CheckReport:
    """What a check came to. Findings in order of file, place, severity and key."""

    lake: str
    snapshot: str
    snapshot_taken_at: str  # UTC, ISO 8601
    policies: str  # digest, and from where they were read
    runner: str  # who runs the statements; empty: nobody said
    files: tuple[CheckedFile, ...]
    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    notes: tuple[str, ...]  # stale suppressions and baseline entries, policies changed beside
    exit_code: int
    effect_counts: Mapping[str, int] = field(default_factory=dict)  # given, taken, unknown
    fail_on: str = "SEV4"  # the mildest severity that makes exit 1
    rules: tuple[Rule, ...] = ()  # every rule that was tried, sorted by id
    effects: tuple["EffectSummary", ...] | None = None  # None: nobody asked for them
    effects_cut: int = 0  # groups left out of `effects`
