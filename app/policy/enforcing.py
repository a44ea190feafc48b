"""pycasbin itself, loaded with the checked lines and told the whole depth of the groups.

`reference_enforce` is what the compiled judge must equal. The slow path and the question
about one subject use the same enforcer with only the groups above those who ask.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import casbin
from casbin.constant.constants import (
    ALLOW_OVERRIDE_EFFECT,
    DENY_OVERRIDE_EFFECT,
    SUBJECT_PRIORITY_EFFECT,
)
from casbin.persist import Adapter
from casbin.rbac.default_role_manager import RoleManager

from app.core.classes import UNCLASSIFIED
from app.core.errors import PolicyError
from app.core.population import UNKNOWN, Population
from app.core.verdicts import Policies, PolicyLine
from app.policy.memberships import Memberships, Row, closure
from app.policy.model_conf import FILE, CasbinModel, read_model
from app.policy.places import label
from app.policy.subjects import EVERYONE, Subject, Subjects, texts

Enforce = Callable[[str, str, str], bool]


class Line(list[str]):
    """A policy row as Casbin holds it, which knows the line it came from."""

    def __init__(self, line: PolicyLine) -> None:
        super().__init__(line.values)
        self.line = line


class WholeDepthRoleManager(RoleManager):  # type: ignore[misc]
    """Casbin's role manager without its limit of ten levels; cycles end."""

    def _has_link(self, name: str, roles: list[Any], level: int) -> bool:
        seen, waiting = set(roles), list(roles)
        while waiting:
            role = waiting.pop()
            if role.name == name:
                return True
            new = role.roles - seen
            seen |= new
            waiting.extend(new)
        return False


class CheckedLines(Adapter):  # type: ignore[misc]
    """Gives Casbin the lines that the loader checked, and the groups."""

    def __init__(self, lines: Iterable[PolicyLine], groupings: Mapping[str, Iterable[Row]]) -> None:
        self._lines = lines
        self._groupings = groupings

    def load_policy(self, model: Any) -> None:
        """Fill a model, in the order of the file."""
        model["p"]["p"].policy.extend(Line(line) for line in self._lines)
        for key, rows in self._groupings.items():
            model["g"][key].policy.extend(list(row) for row in rows)


def model_of(policies: Policies) -> CasbinModel:
    """The model of policies that were loaded."""
    return read_model(policies.model_text, f"{label(Path(policies.folder))}/{FILE}")


def mentions(policies: Policies) -> Callable[[str], bool]:
    """Which texts the policies hold: a made-up name must not be one of them."""
    words = texts(line.values for line in policies.lines)
    by_hand = frozenset[str]().union(*map(texts, policies.hand_groupings.values()))
    rules = "\n".join([policies.model_text, *words])
    return lambda text: text in words or text in by_hand or text in rules


def memberships_of(policies: Policies, population: Population) -> Memberships:
    """The population's groups with the hand groupings of policy.csv."""
    subjects = Subjects(population, mentions(policies))
    return Memberships(subjects, policies.hand_groupings.get("g", ()))


def in_casbin_order(
    model: CasbinModel, lines: tuple[PolicyLine, ...], rows: Callable[[], Iterable[Row]]
) -> tuple[PolicyLine, ...]:
    """The lines in the order Casbin tries them. `rows` are all of `g`'s, if it asks."""
    by_subject = model.effect == SUBJECT_PRIORITY_EFFECT
    if not by_subject and model.position_of("priority") is None:
        return lines
    loaded = model.fresh()
    loaded["p"]["p"].policy = [Line(line) for line in lines]
    try:
        if by_subject:
            loaded["g"]["g"].policy = [list(row) for row in rows()]
            loaded.sort_policies_by_subject_hierarchy()
        loaded.sort_policies_by_priority()
    except Exception as refused:
        raise model.place("e").error(
            f"Casbin cannot order the policy lines: {refused}",
            "subjectPriority needs groups without cycles; `priority(p.eft) || deny` does not",
        ) from refused
    return tuple(row.line for row in loaded["p"]["p"].policy)


def whole_depth(enforcer: Any, model: CasbinModel, by_hand: Mapping[str, Iterable[Row]]) -> None:
    """Give every grouping of an enforcer a role manager as deep as its data."""
    for key, names in model.groupings.items():
        if names == 2:
            enforcer.rm_map[key] = WholeDepthRoleManager()
        else:
            enforcer.rm_map[key].max_hierarchy_level = 2 + sum(1 for _ in by_hand.get(key, ()))
        enforcer.model["g"][key].rm = enforcer.rm_map[key]


def enforcer_of(
    model: CasbinModel,
    ordered: tuple[PolicyLine, ...],
    groupings: Mapping[str, Iterable[Row]],
) -> Any:
    """An enforcer over lines in Casbin's order and these grouping rows."""
    enforcer = casbin.Enforcer(model.fresh())
    enforcer.model["p"]["p"].policy = [Line(line) for line in ordered]
    whole_depth(enforcer, model, groupings)
    for key in model.groupings:
        for row in groupings.get(key, ()):
            enforcer.rm_map[key].add_link(*row)
    return enforcer


def ask(
    enforcer: Any, model: CasbinModel, subject: str, data_class: str, right: str
) -> tuple[bool, PolicyLine | None]:
    """One enforce, and the line that decided. Raises PolicyError where Casbin fails."""
    try:
        allowed, row = enforcer.enforce_ex(subject, data_class, right)
    except Exception as refused:
        raise model.place("m").error(
            f"Casbin cannot decide ({subject}, {data_class}, {right}): {refused}",
            "Mend the matcher or the policy line that it fails on",
        ) from refused
    return bool(allowed), _deciding(model, bool(allowed), row)


def _deciding(model: CasbinModel, allowed: bool, row: Any) -> PolicyLine | None:
    if not isinstance(row, Line):
        return None
    position = model.position_of("eft")
    effect = row[position] if position is not None else "allow"
    decides = bool(effect == ("allow" if allowed else "deny"))
    if model.effect == ALLOW_OVERRIDE_EFFECT:
        decides = decides and allowed
    elif model.effect == DENY_OVERRIDE_EFFECT:
        decides = decides and not allowed
    return row.line if decides else None


def reference_enforce(policies: Policies, population: Population) -> Enforce:
    """Casbin's own answer for (subject, data class, right), one enforce a question.

    Subjects are what `Population.subject` gives: `user:x`, `anyone`, and `group:x` for an
    opaque group.
    """
    model = model_of(policies)
    memberships = memberships_of(policies, population)
    groupings: dict[str, Iterable[Row]] = {**policies.hand_groupings}
    if "g" in model.groupings:
        groupings["g"] = tuple(memberships.rows())
    enforcer = casbin.Enforcer(model.fresh())
    whole_depth(enforcer, model, groupings)
    enforcer.set_adapter(CheckedLines(policies.lines, groupings))
    try:
        enforcer.load_policy()
    except Exception as refused:
        raise model.place("e").error(
            f"Casbin cannot load the policy: {refused}", "Mend the model or the groups"
        ) from refused
    subjects = memberships.subjects

    def enforce(subject: str, data_class: str, right: str) -> bool:
        bit = subjects.asked(subject)
        if bit is None:
            raise PolicyError(f"{subject} is no subject of this population")
        allowed, _ = ask(enforcer, model, subjects.subject(bit), data_class, right)
        return allowed

    return enforce


def needs_population(policies: Policies) -> bool:
    """Whether one subject cannot be judged without everybody: subjectPriority's order."""
    return bool(model_of(policies).effect == SUBJECT_PRIORITY_EFFECT)


def enforce_one(
    policies: Policies,
    edges_of_subject: Mapping[str, tuple[str, ...]],
    subject: str,
    classes: Iterable[str],
    right: str,
    *,
    kind: str = UNKNOWN,
    active: bool = False,
) -> tuple[bool, tuple[PolicyLine, ...]]:
    """Judge one subject without a population: every class must be allowed.

    `edges_of_subject` gives the parents of each name from the subject upwards, hand
    groupings included: it is asked with `get` while walking up, so it may be lazy. `kind`
    and `active` are what the directory says of the subject. Returns the answer and the
    lines that decided; of a denial, those of the classes that are denied.
    """
    model = model_of(policies)
    if model.effect == SUBJECT_PRIORITY_EFFECT:
        raise model.place("e").error(
            "subjectPriority orders lines by the whole directory", "Ask with a population"
        )
    groupings: dict[str, Iterable[Row]] = {**policies.hand_groupings}
    if "g" in model.groupings:
        groupings["g"] = _rows_above(subject, edges_of_subject, policies.hand_groupings)
    ordered = in_casbin_order(model, policies.lines, tuple)
    enforcer = enforcer_of(model, ordered, groupings)
    asking = Subject(subject, kind, active)
    answers = [
        ask(enforcer, model, asking, data_class, right)
        for data_class in (tuple(classes) or (UNCLASSIFIED,))
    ]
    allowed = all(answer for answer, _ in answers)
    lines = (line for answer, line in answers if line is not None and answer == allowed)
    return allowed, tuple(dict.fromkeys(lines))


def _rows_above(
    subject: str,
    edges: Mapping[str, tuple[str, ...]],
    hand_groupings: Mapping[str, tuple[Row, ...]],
) -> list[Row]:
    by_hand: dict[str, list[str]] = {}
    for child, parent in hand_groupings.get("g", ()):
        by_hand.setdefault(child, []).append(parent)

    def parents(name: str) -> tuple[str, ...]:
        implicit = (EVERYONE,) if name == subject else ()
        return (*edges.get(name, ()), *by_hand.get(name, ()), *implicit)

    return [(name, parent) for name in closure(subject, parents) for parent in parents(name)]
