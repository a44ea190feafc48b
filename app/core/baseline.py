"""The baseline of a check: findings that were there when checking began.

An entry is (rule, principal, object, right) and nothing else: lines move and counts
change. It never covers what could not be judged, and an entry that matches nothing any
more is said, so that the list only shrinks.
"""

import json
from collections.abc import Iterable
from dataclasses import replace

from app.core.errors import CheckInputError
from app.core.findings import CANNOT_JUDGE, Finding
from app.core.frozen import frozen
from app.core.names import show
from app.core.suppressions import Answered

SCHEMA = "lakewarden/check-baseline/v1"

Key = tuple[str, str, str, str]

_FIELDS = ("rule", "principal", "object", "right")


@frozen
class Baseline:
    """The keys of a baseline file, and its name."""

    file: str
    keys: frozenset[Key]


def finding_key(finding: Finding) -> Key:
    """What a finding is the same by, wherever it stands and however many it reaches."""
    return (finding.rule, finding.principal, finding.object, finding.right)


def read_baseline(text: str, file: str) -> Baseline:
    """Read a baseline file. Raises CheckInputError naming the file and the entry."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise CheckInputError(
            f"The baseline {file} is no JSON: {problem}", mend="Write it anew: --write-baseline"
        ) from None
    if not isinstance(said, dict) or said.get("schema") != SCHEMA:
        raise CheckInputError(
            f"{file} is no baseline of this version", mend="Write it anew: --write-baseline"
        )
    entries = said.get("findings")
    if not isinstance(entries, list):
        raise CheckInputError(f"{file} has no list `findings`", mend="Write it anew")
    return Baseline(file, frozenset(_key(entry, n, file) for n, entry in enumerate(entries)))


def _key(entry: object, number: int, file: str) -> Key:
    if isinstance(entry, dict) and entry.keys() == set(_FIELDS):
        rule, principal, obj, right = (entry[name] for name in _FIELDS)
        if all(isinstance(value, str) for value in (rule, principal, obj, right)) and rule:
            return (rule, principal, obj, right)
    raise CheckInputError(
        f"{file}: entry {number} of `findings` is not {{{', '.join(_FIELDS)}}} as texts",
        mend="Mend the entry, or write the file anew: --write-baseline",
    )


def write_baseline(findings: Iterable[Finding]) -> str:
    """The text of a baseline that covers these findings, sorted, the same for the same."""
    keys = sorted({finding_key(each) for each in findings if may_stand(each)})
    entries = [dict(zip(_FIELDS, key, strict=True)) for key in keys]
    return json.dumps({"schema": SCHEMA, "findings": entries}, indent=1) + "\n"


def may_stand(finding: Finding) -> bool:
    """Whether a baseline may cover a finding at all: never what could not be judged."""
    return finding.severity not in (CANNOT_JUDGE, "note")


def answer_by_baseline(findings: Iterable[Finding], baseline: Baseline) -> Answered:
    """Take out what the baseline covers, and say which of its entries match nothing."""
    left: list[Finding] = []
    answered: list[Finding] = []
    used: set[Key] = set()
    for finding in findings:
        key = finding_key(finding)
        if key in baseline.keys and may_stand(finding):
            used.add(key)
            answered.append(replace(finding, suppressed=f"in the baseline {baseline.file}"))
        else:
            left.append(finding)
    notes = [
        f"{baseline.file}: nothing matches the entry "
        f"({', '.join(show(part) or '-' for part in key)}) any more: remove it"
        for key in sorted(baseline.keys - used)
    ]
    return Answered(tuple(left), tuple(answered), tuple(notes))
