"""The exact slow path: Casbin's `enforce`, once for each class of equal requests.

Two subjects are equal where the matcher cannot tell them apart: they are in the same
groups that it asks for, and have the same attributes. Where it reads the subject's own
name in a term that has no plain truth, each subject is a class of its own.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from pyroaring import BitMap, FrozenBitMap

from app.core.verdicts import Policies, PolicyLine
from app.policy.enforcing import ask, enforcer_of, in_casbin_order
from app.policy.expression import Atom, atoms
from app.policy.lines import CompiledLine
from app.policy.memberships import Memberships, Row
from app.policy.model_conf import CasbinModel
from app.policy.subjects import EVERYONE
from app.policy.truths import DoesNotSplitError, Truths, Words


def enforcer_above(
    names: Iterable[str],
    policies: Policies,
    model: CasbinModel,
    lines: Iterable[CompiledLine],
    memberships: Memberships,
) -> Any:
    """An enforcer that knows what is above these names, over lines in Casbin's order."""
    groupings: dict[str, Iterable[Row]] = {**policies.hand_groupings}
    if "g" in model.groupings:
        groupings["g"] = tuple(memberships.rows(names))
    return enforcer_of(model, tuple(line.line for line in lines), groupings)


def enforcer_of_outsider(
    subject: str, policies: Policies, model: CasbinModel, memberships: Memberships
) -> Any:
    """An enforcer for a user whom the population does not hold, as if it held him.

    Only subjectPriority orders the lines by who asks; then everybody's groups count.
    """
    groupings: dict[str, Iterable[Row]] = {**policies.hand_groupings}
    if "g" in model.groupings:
        groupings["g"] = tuple(memberships.rows_of_outsider(subject))
    ordered = in_casbin_order(
        model, policies.lines, lambda: [*memberships.rows(), (subject, EVERYONE)]
    )
    return enforcer_of(model, ordered, groupings)


class StepwiseJudge:
    """Answers by enforce, lazily, and remembers each answer."""

    def __init__(
        self,
        policies: Policies,
        model: CasbinModel,
        truths: Truths,
        lines: tuple[CompiledLine, ...],
    ) -> None:
        self._model = model
        self._subjects = truths.memberships.subjects
        self._alike = _Alike(model, truths, lines).pieces()
        first = [self._subjects.text(piece.min()) for piece in self._alike]
        self._enforcer = enforcer_above(first, policies, model, lines, truths.memberships)

    def permitted(self, data_class: str, right: str) -> FrozenBitMap:
        """Bits of everybody whom policy allows the right on the class."""
        found = BitMap()
        for piece in self._alike:
            if self._ask(piece.min(), data_class, right)[0]:
                found |= piece
        return FrozenBitMap(found)

    def deciding_line(self, bit: int, data_class: str, right: str) -> PolicyLine | None:
        """The line that decides for a subject."""
        piece = next(piece for piece in self._alike if bit in piece)
        return self._ask(piece.min(), data_class, right)[1]

    def _ask(self, bit: int, data_class: str, right: str) -> tuple[bool, PolicyLine | None]:
        subject = self._subjects.subject(bit)
        return ask(self._enforcer, self._model, subject, data_class, right)


class _Alike:
    """Parts the population into subjects that the matcher cannot tell apart."""

    def __init__(self, model: CasbinModel, truths: Truths, lines: tuple[CompiledLine, ...]) -> None:
        self._model = model
        self._truths = truths
        self._lines = lines

    def pieces(self) -> list[FrozenBitMap]:
        """The parts, none empty."""
        parted = [self._truths.everybody]
        for telling in self._telling():
            if telling is None:
                return [FrozenBitMap([bit]) for bit in self._truths.everybody]
            parted = [
                piece for whole in parted for piece in (whole & telling, whole - telling) if piece
            ]
        return parted

    def _telling(self) -> Iterator[FrozenBitMap | None]:
        """Sets that tell subjects apart; None where each is his own."""
        seen: set[tuple[str, Words]] = set()
        for line in self._lines:
            for atom in atoms(line.term):
                key = (atom.key, line.asked(atom))
                if self._truths.subject_token in atom.reads and key not in seen:
                    seen.add(key)
                    yield from self._told_by(atom, line.asked(atom))

    def _told_by(self, atom: Atom, asked: Words) -> Iterator[FrozenBitMap | None]:
        if len(atom.reads) == 1:
            try:
                yield self._truths.of_subjects(atom, asked, ())
            except DoesNotSplitError:
                pass
            else:
                return
        explained: set[int] = set()
        for node in ast.walk(atom.node):
            if isinstance(node, ast.Attribute) and node.attr in ("kind", "active"):
                explained.add(id(node.value))
                yield from self._truths.alike().values()
            elif isinstance(node, ast.Call):
                found = self._group(atom, asked, node)
                if found is not None:
                    explained.add(id(node.args[0]))
                    yield found
        for node in ast.walk(atom.node):
            is_subject = isinstance(node, ast.Name) and node.id == self._truths.subject_token
            if is_subject and id(node) not in explained:
                yield None

    def _group(self, atom: Atom, asked: Words, call: ast.Call) -> FrozenBitMap | None:
        """The set of a `g(r.sub, …)` inside an atom, where the policy line alone says which."""
        names = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
        if names & {self._truths.class_token, self._truths.right_token}:
            return None
        try:
            return self._truths.group_of_call(call, dict(zip(atom.asks, asked, strict=True)))
        except DoesNotSplitError:
            return None
