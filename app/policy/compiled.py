"""The judge: the policies compiled for one population, as set algebra over bitmaps.

Each policy line is a term over atoms. For one data class and one right the atoms that
read only those become true or false, and what is left of a line is a set of subjects. The
model's effect joins the lines' sets. Where an atom has no plain truth for some value, the
judge falls back to `stepwise`: one enforce a class of equal requests.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

from casbin.constant.constants import (
    ALLOW_AND_DENY_EFFECT,
    ALLOW_OVERRIDE_EFFECT,
    DENY_OVERRIDE_EFFECT,
    PRIORITY_EFFECT,
    SUBJECT_PRIORITY_EFFECT,
)
from casbin.util import generate_g_function
from pyroaring import BitMap, FrozenBitMap

from app.core.classes import UNCLASSIFIED
from app.core.names import RIGHTS
from app.core.population import ANYONE, Population
from app.core.verdicts import Judge, Policies, PolicyLine
from app.policy.enforcing import ask, enforcer_of, in_casbin_order, memberships_of, model_of
from app.policy.expression import Atom, Functions, atoms, builtin_functions
from app.policy.lines import CompiledLine, Matching, compile_lines
from app.policy.model_conf import CasbinModel
from app.policy.stepwise import StepwiseJudge, enforcer_above, enforcer_of_outsider
from app.policy.subjects import Subject
from app.policy.truths import DoesNotSplitError, Truths

#: The effects of lines that can decide, by the model's effect.
STOPS = {
    ALLOW_OVERRIDE_EFFECT: ("allow",),
    DENY_OVERRIDE_EFFECT: ("deny",),
    ALLOW_AND_DENY_EFFECT: ("allow", "deny"),
    PRIORITY_EFFECT: ("allow", "deny"),
    SUBJECT_PRIORITY_EFFECT: ("allow", "deny"),
}


def compile_judge(policies: Policies, population: Population) -> Judge:
    """The judge of a population. Raises PolicyError where Casbin itself would fail."""
    model = model_of(policies)
    memberships = memberships_of(policies, population)
    ordered = in_casbin_order(model, policies.lines, memberships.rows)
    truths = Truths(model, memberships, casbin_functions(model, policies))
    judge = CompiledJudge(policies, model, truths, compile_lines(model, ordered))
    judge.prove(known_classes(policies), RIGHTS)
    return judge


def known_classes(policies: Policies) -> tuple[str, ...]:
    """Every class a request can carry."""
    return (*(known.name for known in policies.classification.classes), UNCLASSIFIED)


def casbin_functions(model: CasbinModel, policies: Policies) -> Functions:
    """Casbin's functions, and its own `g2`, `g3`, … over the hand groupings."""
    enforcer = enforcer_of(model, (), policies.hand_groupings)
    functions = builtin_functions()
    for key in model.groupings:
        functions[key] = generate_g_function(enforcer.rm_map[key])
    return functions


class CompiledJudge:
    """Implements `core.verdicts.Judge`."""

    def __init__(
        self,
        policies: Policies,
        model: CasbinModel,
        truths: Truths,
        lines: tuple[CompiledLine, ...],
    ) -> None:
        self.slow_because = ""
        self._policies = policies
        self._model = model
        self._truths = truths
        self._lines = lines
        self._stepwise: StepwiseJudge | None = None
        self._permitted: dict[tuple[str, str], FrozenBitMap] = {}
        self._last_outsider: tuple[str, Any] | None = None

    def prove(self, classes: tuple[str, ...], rights: tuple[str, ...]) -> None:
        """Find every atom's truth for the known values now; fall back where one has none.

        Atoms that read the subject together with the class or the right are left for the
        question: there may be many.
        """
        readings = {
            (atom.key, line.asked(atom)): atom for line in self._lines for atom in atoms(line.term)
        }
        try:
            for (_, asked), atom in readings.items():
                self._prove(atom, asked, classes, rights)
        except DoesNotSplitError as because:
            self._fall_back(because)

    def _prove(
        self, atom: Atom, asked: tuple[str, ...], classes: tuple[str, ...], rights: tuple[str, ...]
    ) -> None:
        truths = self._truths
        if truths.subject_token not in atom.reads:
            values = {truths.class_token: classes, truths.right_token: rights}
            read = [token for token in values if token in atom.reads]
            for words in product(*(values[token] for token in read)):
                truths.of_words(atom, asked, tuple(zip(read, words, strict=True)))
        elif len(atom.reads) == 1:
            truths.of_subjects(atom, asked, ())

    def permitted(self, data_class: str, right: str) -> FrozenBitMap:
        """Bits of everybody whom policy allows the right on the class."""
        key = (data_class, right)
        found = self._permitted.get(key)
        if found is None:
            found = self._permitted[key] = self._find_permitted(data_class, right)
        return found

    def lines_considered(self, data_class: str, right: str) -> tuple[PolicyLine, ...]:
        """The lines that speak of the class and the right, whoever their audience is."""
        matching = Matching(self._truths, data_class, right)
        return tuple(line.line for line in self._lines if matching.speaks(line))

    def deciding_line(self, subject: str, data_class: str, right: str) -> PolicyLine | None:
        """The line that decides for one subject, if one does; of several, the last tried."""
        bit = self._truths.memberships.subjects.asked(subject)
        if bit is None:
            return self._deciding_for_a_name(subject, data_class, right)
        if self._stepwise is None:
            try:
                return self._decide(bit, Matching(self._truths, data_class, right))
            except DoesNotSplitError as because:
                self._fall_back(because)
        assert self._stepwise is not None
        return self._stepwise.deciding_line(bit, data_class, right)

    def decide(self, user: str, data_class: str, right: str) -> tuple[bool, PolicyLine | None]:
        """The answer for one user by exact name, and the line that decided, if one did."""
        subject = f"user:{user}"
        bit = self._truths.memberships.subjects.population.bit(user)
        if bit == ANYONE:
            return ask(self._outsider(subject), self._model, Subject(subject), data_class, right)
        allowed = bit in self.permitted(data_class, right)
        return allowed, self.deciding_line(subject, data_class, right)

    def _outsider(self, subject: str) -> Any:
        """Casbin itself for a user whom the population does not hold; the last one is kept."""
        if self._last_outsider is None or self._last_outsider[0] != subject:
            enforcer = enforcer_of_outsider(
                subject, self._policies, self._model, self._truths.memberships
            )
            self._last_outsider = subject, enforcer
        return self._last_outsider[1]

    def _deciding_for_a_name(self, name: str, data_class: str, right: str) -> PolicyLine | None:
        """For a group or role: what decides for somebody who is that and nothing else."""
        enforcer = enforcer_above(
            [name], self._policies, self._model, self._lines, self._truths.memberships
        )
        return ask(enforcer, self._model, name, data_class, right)[1]

    def _find_permitted(self, data_class: str, right: str) -> FrozenBitMap:
        if self._stepwise is None:
            try:
                return self._join(Matching(self._truths, data_class, right))
            except DoesNotSplitError as because:
                self._fall_back(because)
        assert self._stepwise is not None
        return self._stepwise.permitted(data_class, right)

    def _fall_back(self, because: DoesNotSplitError) -> None:
        self.slow_because = f"{self._model.place('m')}: {because}"
        self._permitted.clear()
        self._stepwise = StepwiseJudge(self._policies, self._model, self._truths, self._lines)

    def _sets(self, matching: Matching) -> Iterator[tuple[CompiledLine, FrozenBitMap]]:
        """The lines that match somebody, in Casbin's order."""
        for line in self._lines:
            found = matching.subjects(line)
            if found is True:
                yield line, self._truths.everybody
            elif found:
                yield line, found

    def _join(self, matching: Matching) -> FrozenBitMap:
        if self._model.effect in (PRIORITY_EFFECT, SUBJECT_PRIORITY_EFFECT):
            return self._first_wins(matching)
        sets = {"allow": BitMap(), "deny": BitMap()}
        for line, found in self._sets(matching):
            if line.effect in sets:
                sets[line.effect] |= found
        if self._model.effect == ALLOW_OVERRIDE_EFFECT:
            return FrozenBitMap(sets["allow"])
        if self._model.effect == DENY_OVERRIDE_EFFECT:
            return self._truths.everybody - sets["deny"]
        return FrozenBitMap(sets["allow"] - sets["deny"])

    def _first_wins(self, matching: Matching) -> FrozenBitMap:
        allowed, decided = BitMap(), BitMap()
        for line, found in self._sets(matching):
            if line.effect == "allow":
                allowed |= found - decided
            if line.effect in ("allow", "deny"):
                decided |= found
        return FrozenBitMap(allowed)

    def _decide(self, bit: int, matching: Matching) -> PolicyLine | None:
        """As Casbin explains it: the line at which it stops, else the last that allows."""
        last = None
        for line, found in self._sets(matching):
            if bit not in found or line.effect not in STOPS[self._model.effect]:
                continue
            last = line.line
            if line.effect == "deny" or self._model.effect != ALLOW_AND_DENY_EFFECT:
                break
        return last
