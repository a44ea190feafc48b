"""Patterns of class rules: checked, joined into one regex, tried on distinct values."""

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from app.core import compute as pc
from app.core.classes import Classification, ClassRule, NamePattern
from app.core.errors import PolicyError

#: The type of a rule's number.
RULE = pa.int16()


def check_patterns(classification: Classification) -> None:
    """Raise PolicyError for a rule of an unknown class or a pattern RE2 cannot read."""
    known = {one.name for one in classification.classes}
    for rule in classification.rules:
        place = f"{rule.file}:{rule.line}: rule {rule.rule!r}"
        if rule.data_class not in known:
            raise PolicyError(
                f"{place} assigns {rule.data_class!r}, which is no class",
                mend="Declare the class, or name one that is declared",
            )
        for pattern in _patterns(rule):
            try:
                pc.match_substring_regex(pa.array([""]), whole([pattern]))
            except pa.ArrowInvalid as refused:
                raise PolicyError(
                    f"{place}: {pattern.written!r} is not a pattern RE2 can read",
                    mend="Mend the pattern",
                ) from refused


def whole(patterns: Iterable[NamePattern]) -> str:
    """One RE2 regex that matches what any of the patterns matches as a whole."""
    return r"(?i)\A(?:" + "|".join(f"(?:{one.regex})" for one in patterns) + r")\z"


def matching(values: pa.Array, wanted: Mapping[int, Sequence[NamePattern]]) -> dict[int, list[int]]:
    """For each rule the positions of the values that one of its patterns matches."""
    everything = [pattern for patterns in wanted.values() for pattern in patterns]
    if not everything:
        return {}
    kept = pc.indices_nonzero(pc.match_substring_regex(values, whole(everything)))
    left = values.take(kept)
    found = {}
    for rule, patterns in wanted.items():
        hits = pc.indices_nonzero(pc.match_substring_regex(left, whole(patterns)))
        found[rule] = kept.take(hits).to_pylist()
    return found


def _patterns(rule: ClassRule) -> list[NamePattern]:
    fields = (
        rule.catalogs,
        rule.databases,
        rule.tables,
        rule.columns,
        rule.owners,
        rule.locations,
        rule.tags,
        rule.except_databases,
        rule.except_tables,
    )
    paired = [pattern for pair in rule.properties for pattern in pair]
    return [pattern for field in fields for pattern in field] + paired


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def rule_values(found: Mapping[int, Sequence[int]], values: list[str], column: str) -> pa.Table:
    """(rule, value) rows of positions found for rules."""
    return pa.table(
        {
            "rule": pa.array([rule for rule, places in found.items() for _ in places], RULE),
            column: pa.array(
                [values[place] for places in found.values() for place in places], pa.string()
            ),
        }
    )
