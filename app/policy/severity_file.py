"""`severity.yaml`: tier × reach × right → SEV0 … SEV4, or none: not an exposure.

For each tier the reaches stand below each other, widest first, and each names its rights.
What a reach leaves out is as at the next wider reach; the widest must name every right
that is judged at all. `none` means never an exposure: for a right, a reach or a tier.
"""

from app.core.classes import TIERS, UNCLASSIFIED
from app.core.names import RIGHTS
from app.core.verdicts import REACHES, SEVERITIES, SeverityTable
from app.policy.marked_yaml import Mapping, Node, Word, as_mapping, as_word, read_yaml
from app.policy.places import Place, nearest, quoted

MANY_PEOPLE = 100
NONE = "none"
ALL_TIERS = (*TIERS, UNCLASSIFIED)

#: right → severity, or None for `none`
Row = dict[str, str | None]


def read_severities(text: str, file: str) -> SeverityTable:
    """Read and check severity.yaml. Raises PolicyError."""
    document = as_mapping(read_yaml(text, file), "severity.yaml")
    document.only("severity.yaml", ("many_people", "severities"))
    many = document.get("many_people")
    people = (
        MANY_PEOPLE if many is None else as_word(many, "many_people").whole_number("many_people", 1)
    )
    tiers = as_mapping(document.need("severities", "severity.yaml"), "`severities`")
    tiers.only("`severities`", ALL_TIERS)
    given = {tier: _tier(tiers.need(tier, "`severities`"), tier) for tier in ALL_TIERS}
    judged = _judged(given)
    if not judged:
        raise tiers.place.error(
            "no right is judged: nothing could ever be an exposure", "Give select a severity"
        )
    cells: dict[tuple[str, str, str], str] = {}
    for tier, rows in given.items():
        if rows is not None:
            _complete(tier, rows, judged, tiers.entries[tier][0])
            for reach in REACHES:
                for right, severity in rows[reach].items():
                    if severity is not None:
                        cells[tier, reach, right] = severity
    return SeverityTable(cells, people)


def _tier(node: Node, tier: str) -> dict[str, Row] | None:
    """The reaches of a tier, each with what it inherits; None for a tier of `none`."""
    if _is_none(node):
        return None
    what = f"the tier {tier}"
    given = as_mapping(node, what)
    given.only(what, REACHES)
    rows: dict[str, Row] = {}
    wider: Row = {}
    for reach in REACHES:
        row = given.get(reach)
        if row is None and reach == REACHES[0]:
            raise given.place.error(
                f"{what} says nothing of {reach}", f"Add `{reach}:` with a severity for each right"
            )
        if row is None:
            rows[reach] = dict(wider)
        elif _is_none(row):
            rows[reach] = dict.fromkeys(RIGHTS)
        else:
            rows[reach] = {**wider, **_row(as_mapping(row, f"{reach} of {what}"))}
        wider = rows[reach]
    return rows


def _row(given: Mapping) -> Row:
    found: Row = {}
    for right, place, node in given.items():
        if right not in RIGHTS:
            raise place.error(
                f"{quoted(right)} is no right",
                f"{nearest(right, RIGHTS)}Rights: {', '.join(RIGHTS)}",
            )
        word = as_word(node, right)
        found[right] = None if _is_none(word) else _severity(word)
    return found


def _severity(word: Word) -> str:
    severity = word.text.strip().upper()
    if severity not in SEVERITIES:
        raise word.place.error(
            f"{quoted(word.text)} is no severity",
            f"Severities: {', '.join(SEVERITIES)}; `{NONE}` for no exposure",
        )
    return severity


def _is_none(node: Node) -> bool:
    return isinstance(node, Word) and node.text.strip() == NONE


def _judged(given: dict[str, dict[str, Row] | None]) -> list[str]:
    named = {
        right
        for rows in given.values()
        for row in (rows or {}).values()
        for right, severity in row.items()
        if severity is not None
    }
    return [right for right in RIGHTS if right in named]


def _complete(tier: str, rows: dict[str, Row], judged: list[str], place: Place) -> None:
    """Every judged right must be spoken of at every reach, or inherited there."""
    for reach in REACHES:
        for right in judged:
            if right not in rows[reach]:
                raise place.error(
                    f"the tier {tier} says nothing of {right} at {reach}",
                    f"Another line judges {right}: give it a severity, or `{right}: {NONE}`",
                )
