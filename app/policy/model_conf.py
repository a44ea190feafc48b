"""`model.conf`: read by Casbin's own reader, and checked for what Lakewarden asks.

A request is (subject, data class, right). One definition of each kind is used: `r`, `p`,
`e`, `m`, and the groupings `g`, `g2`, … A broken model is refused here, with the line,
and not at the first question.
"""

import re
from functools import lru_cache
from typing import Any

from casbin.constant.constants import (
    ALLOW_AND_DENY_EFFECT,
    ALLOW_OVERRIDE_EFFECT,
    DENY_OVERRIDE_EFFECT,
    PRIORITY_EFFECT,
    SUBJECT_PRIORITY_EFFECT,
)
from casbin.core_enforcer import CoreEnforcer

from app.core.frozen import frozen
from app.policy.places import Place, quoted

FILE = "model.conf"
SECTIONS = {
    "request_definition": "r",
    "policy_definition": "p",
    "role_definition": "g",
    "policy_effect": "e",
    "matchers": "m",
}
EFFECTS = (
    ALLOW_OVERRIDE_EFFECT,
    DENY_OVERRIDE_EFFECT,
    ALLOW_AND_DENY_EFFECT,
    PRIORITY_EFFECT,
    SUBJECT_PRIORITY_EFFECT,
)
_DEFINITION = re.compile(r"\s*([A-Za-z]\w*)\s*=\s*(.*)")
_FIELD = re.compile(r"[A-Za-z_]\w*\Z")


@frozen(slots=False)
class CasbinModel:
    """What a model says, in Casbin's spelling: tokens are `r_sub`, `p_act`, …"""

    file: str
    text: str
    request: tuple[str, str, str]  # subject, data class, right
    policy: tuple[str, ...]
    groupings: dict[str, int]  # `g` → how many names a row has
    effect: str  # one of EFFECTS
    matcher: str
    lines: dict[str, int]  # `r`, `p`, `g2`, … → line

    def place(self, key: str) -> Place:
        """Where a definition stands."""
        return Place(self.file, self.lines.get(key, 0))

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of a policy line's values: `sub`, `cls`, …"""
        return tuple(token[2:] for token in self.policy)

    def position(self, request_field: int) -> int | None:
        """Where a policy line holds the value for a request field of the same name."""
        token = f"p_{self.request[request_field][2:]}"
        return self.policy.index(token) if token in self.policy else None

    def position_of(self, field: str) -> int | None:
        """Where a policy line holds a field such as `eft` or `priority`."""
        return self.policy.index(f"p_{field}") if f"p_{field}" in self.policy else None

    def fresh(self) -> Any:
        """A new Casbin model, without policy."""
        return CoreEnforcer.new_model(text=self.text)


@lru_cache(maxsize=16)
def read_model(text: str, file: str = FILE) -> CasbinModel:
    """Read and check a model. Raises PolicyError."""
    lines = _definition_lines(text, file)
    try:
        model = CoreEnforcer.new_model(text=text)
    except Exception as refused:
        raise Place(file).error(f"Casbin refuses the model: {refused}", "Mend it") from refused
    for section, key in SECTIONS.items():
        if key != "g" and key not in lines:
            raise Place(file).error(
                f"the model has no [{section}] with `{key} = …`",
                "See docs/policies.md for a whole model",
            )
    place = {key: Place(file, line) for key, line in lines.items()}
    return CasbinModel(
        file=file,
        text=text,
        request=_request(model["r"]["r"].tokens, place["r"]),
        policy=_policy(model["p"]["p"].tokens, place["p"]),
        groupings=_groupings(model, place),
        effect=_effect(model["e"]["e"].value, place["e"], "g" in lines),
        matcher=model["m"]["m"].value,
        lines=lines,
    )


def _definition_lines(text: str, file: str) -> dict[str, int]:
    """The line of each definition; refuses what Casbin would silently drop."""
    lines: dict[str, int] = {}
    section, continued = "", False
    for number, line in enumerate(text.split("\n"), start=1):
        written = line.strip()
        starts, continued = not continued, written.endswith("\\")
        if not starts or not written or written[0] in "#;":
            continue
        place = Place(file, number)
        if written[0] == "[" and written[-1] == "]":
            section = written[1:-1]
            if section not in SECTIONS:
                raise place.error(
                    f"no section is called [{section}]", f"Sections: {', '.join(SECTIONS)}"
                )
            continue
        found = _DEFINITION.match(written)
        if not found or not section:
            raise place.error(f"{quoted(written)} defines nothing", "Write `key = value`")
        key = found[1]
        if key in lines:
            raise place.error(
                f"`{key}` is defined twice, first on line {lines[key]}",
                "Keep one; a line that goes on ends in `\\`",
            )
        if not re.fullmatch(rf"{SECTIONS[section]}\d*", key):
            raise place.error(
                f"`{key}` does not belong to [{section}]", f"Name it `{SECTIONS[section]}`"
            )
        if key != "g" and not key.startswith("g") and len(key) > 1:
            raise place.error(
                f"`{key}` is never asked about", "Lakewarden asks with r, p, e and m: drop it"
            )
        lines[key] = number
    return lines


def _fields(tokens: list[str], place: Place) -> tuple[str, ...]:
    for token in tokens:
        if not _FIELD.match(token):
            raise place.error(
                f"{quoted(token[2:])} is no name of a field", "Use letters, digits and `_`"
            )
    if len(set(tokens)) < len(tokens):
        raise place.error("a field is named twice", "Give each field its own name")
    return tuple(tokens)


def _request(tokens: list[str], place: Place) -> tuple[str, str, str]:
    fields = _fields(tokens, place)
    if len(fields) != 3:
        raise place.error(
            f"a request of {len(fields)} fields cannot be asked",
            "A request is (subject, data class, right): `r = sub, cls, act`",
        )
    return fields[0], fields[1], fields[2]


def _policy(tokens: list[str], place: Place) -> tuple[str, ...]:
    return _fields(tokens, place)


def _groupings(model: Any, place: dict[str, Place]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, assertion in (model["g"] or {}).items():
        names = assertion.value.count("_")
        if assertion.params_tokens:
            raise place[key].error(
                f"`{key}` has conditions, which nobody here can evaluate", "Drop the parentheses"
            )
        if key == "g" and names != 2:
            raise place[key].error(
                "`g` must take two names: it is filled from the directory", "Write `g = _, _`"
            )
        if names not in (2, 3):
            raise place[key].error(f"`{key}` takes {names} names", f"Write `{key} = _, _`")
        found[key] = names
    missing = [key for key in place if key.startswith("g") and key not in found]
    if missing:
        raise place[missing[0]].error(
            f"Casbin does not read `{missing[0]}`", "Number groupings without a gap: g, g2, g3"
        )
    return found


def _effect(effect: str, place: Place, has_groupings: bool) -> str:
    if effect not in EFFECTS:
        raise place.error(
            f"Casbin has no effect {quoted(effect.replace('p_', 'p.'))}",
            "Effects: " + "; ".join(known.replace("p_", "p.") for known in EFFECTS),
        )
    if effect == SUBJECT_PRIORITY_EFFECT and not has_groupings:
        raise place.error("subjectPriority needs groups", "Add [role_definition] with `g = _, _`")
    return effect
