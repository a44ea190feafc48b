"""`waivers.yaml`: exceptions with a reason, an approver and an end. It may be missing."""

from app.core.verdicts import Waiver
from app.policy.marked_yaml import (
    Listing,
    Mapping,
    Node,
    Word,
    as_mapping,
    as_word,
    read_yaml,
)
from app.policy.places import Place, quoted

SCOPE = (
    "lake",
    "catalog",
    "database",
    "table",
    "class",
    "tier",
    "right",
    "kind",
    "principal",
    "exposure",
)
_KEYS = ("id", "reason", "approver", "expires", "scope", "max_tables", "max_people")


def read_waivers(text: str, file: str) -> tuple[Waiver, ...]:
    """Read and check waivers.yaml. Raises PolicyError."""
    document = as_mapping(read_yaml(text, file), "waivers.yaml")
    document.only("waivers.yaml", ("waivers",))
    node = document.get("waivers")
    if node is None or (isinstance(node, Word) and node.empty):
        return ()
    if not isinstance(node, Listing):
        raise node.place.error("`waivers` must be a list", "Begin each waiver with `- id: …`")
    found = tuple(_waiver(as_mapping(item, "a waiver")) for item in node.items)
    first: dict[str, Waiver] = {}
    for waiver in found:
        known = first.setdefault(waiver.waiver, waiver)
        if known is not waiver:
            raise Place(waiver.file, waiver.line).error(
                f"the waiver {quoted(waiver.waiver)} stands here a second time",
                f"It begins on line {known.line}: give each its own id",
            )
    return found


def _waiver(given: Mapping) -> Waiver:
    given.only("a waiver", _KEYS)
    identity = as_word(given.need("id", "a waiver"), "id").words("the id")
    what = f"the waiver {quoted(identity)}"
    approver = given.get("approver")
    return Waiver(
        waiver=identity,
        reason=as_word(given.need("reason", what), "reason").words("the reason"),
        approver="" if approver is None else as_word(approver, "approver").text.strip(),
        expires=as_word(given.need("expires", what), "expires").iso_date("expires"),
        scope=_scope(as_mapping(given.need("scope", what), "the scope"), what),
        max_tables=_bound(given.get("max_tables"), "max_tables"),
        max_people=_bound(given.get("max_people"), "max_people"),
        file=given.place.file,
        line=given.place.line,
    )


def _scope(given: Mapping, what: str) -> dict[str, str]:
    given.only("a scope", SCOPE)
    if not given.entries:
        raise given.place.error(
            f"the scope of {what} is empty: it would waive everything",
            f"Name at least one of: {', '.join(SCOPE)}",
        )
    return {key: as_word(node, key).words(key) for key, _, node in given.items()}


def _bound(node: Node | None, key: str) -> int | None:
    return None if node is None else as_word(node, key).whole_number(key, 1)
