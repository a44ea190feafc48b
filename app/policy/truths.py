"""What each atom of the matcher says, found once per distinct value it reads.

An atom that reads the data class or the right is true or false for each of them. An atom
that reads the subject is the set of subjects for whom it is true. The meaning is always
Casbin's: its functions and its evaluator are called, except where set algebra says the
same (`g`, equality, and attributes that few values share).
"""

import ast
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from casbin.util import SimpleEval
from pyroaring import BitMap, FrozenBitMap

from app.policy.expression import Atom, Functions
from app.policy.memberships import Memberships
from app.policy.model_conf import CasbinModel
from app.policy.subjects import Subject

Words = tuple[str, ...]
Read = tuple[tuple[str, str], ...]  # (token, word) of the class and the right
_SHARED = frozenset({"kind", "active"})


class DoesNotSplitError(Exception):
    """The matcher cannot be taken apart without a change of meaning; says why."""


class Truths:
    """The atoms of one model over one population."""

    def __init__(self, model: CasbinModel, memberships: Memberships, functions: Functions) -> None:
        self.model = model
        self.subject_token, self.class_token, self.right_token = model.request
        self.memberships = memberships
        self._subjects = memberships.subjects
        self._functions = {**functions, "g": memberships.reaches}
        self._evaluator = SimpleEval("", self._functions)
        self.everybody = self._subjects.population.everybody
        self._sets: dict[tuple[str, Words, Read], FrozenBitMap] = {}
        self._words: dict[tuple[str, Words, Read], bool] = {}

    def of_words(self, atom: Atom, asked: Words, request: Read) -> bool:
        """The truth of an atom that does not read the subject.

        `asked` are the line's values it reads, `request` the class and the right if it
        reads them. Raises DoesNotSplitError.
        """
        key = (atom.key, asked, request)
        found = self._words.get(key)
        if found is None:
            found = self._words[key] = self._truth(atom, self._names(atom, asked, request))
        return found

    def of_subjects(self, atom: Atom, asked: Words, request: Read) -> FrozenBitMap:
        """Everybody for whom an atom that reads the subject is true."""
        key = (atom.key, asked, request)
        found = self._sets.get(key)
        if found is None:
            names = self._names(atom, asked, request)
            found = self._sets[key] = self._find_set(atom, names)
        return found

    def _names(self, atom: Atom, asked: Words, request: Read) -> dict[str, Any]:
        return {**dict(zip(atom.asks, asked, strict=True)), **dict(request)}

    def evaluate(self, node: ast.expr, names: dict[str, Any]) -> Any:
        """Casbin's evaluation of a tree. Whatever it raises is raised."""
        self._evaluator.names = names
        return self._evaluator._eval(node)

    def _truth(self, atom: Atom, names: dict[str, Any]) -> bool:
        try:
            value = self.evaluate(atom.node, names)
        except Exception as refused:
            raise DoesNotSplitError(f"`{atom.text}` fails for some value: {refused}") from refused
        if not isinstance(value, bool):
            raise DoesNotSplitError(f"`{atom.text}` is not true or false for some value")
        return value

    def group_of_call(self, call: ast.Call, names: dict[str, Any]) -> FrozenBitMap | None:
        """The members that a `g(r.sub, …)` asks for; None where it is no such call."""
        try:
            return self._by_membership(call, names)
        except Exception as refused:
            raise DoesNotSplitError(f"`{ast.unparse(call)}` fails: {refused}") from refused

    def _find_set(self, atom: Atom, names: dict[str, Any]) -> FrozenBitMap:
        try:
            known = self._by_membership(atom.node, names)
            if known is None:
                known = self._by_equality(atom.node, names)
        except Exception as refused:
            raise DoesNotSplitError(f"`{atom.text}` fails for some value: {refused}") from refused
        if known is not None:
            return known
        if self._reads_shared_attributes_only(atom.node):
            return self._by_attributes(atom, names)
        return self._one_by_one(atom, names)

    def _is_subject(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id == self.subject_token

    def _reads_subject(self, node: ast.expr) -> bool:
        return any(self._is_subject(part) for part in ast.walk(node) if isinstance(part, ast.expr))

    def _by_membership(self, node: ast.expr, names: dict[str, Any]) -> FrozenBitMap | None:
        """`g(r.sub, …)` where the other side does not read the subject."""
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "g"
            and "g" in self.model.groupings
            and len(node.args) == 2
            and not node.keywords
            and self._is_subject(node.args[0])
            and not self._reads_subject(node.args[1])
        ):
            target = self.evaluate(node.args[1], names)
            return self.memberships.members_of(target) if isinstance(target, str) else None
        return None

    def _by_equality(self, node: ast.expr, names: dict[str, Any]) -> FrozenBitMap | None:
        """`r.sub == …`, `!=`, `in (…)`, where the other side does not read the subject."""
        if not isinstance(node, ast.Compare) or len(node.ops) != 1:
            return None
        operation, left, right = node.ops[0], node.left, node.comparators[0]
        if isinstance(operation, ast.Eq | ast.NotEq) and self._is_subject(right):
            left, right = right, left
        if not self._is_subject(left) or self._reads_subject(right):
            return None
        value = self.evaluate(right, names)
        if isinstance(operation, ast.Eq | ast.NotEq):
            found = self._named([value])
            return self.everybody - found if isinstance(operation, ast.NotEq) else found
        if isinstance(operation, ast.In | ast.NotIn) and isinstance(value, list | tuple | set):
            found = self._named(value)
            return self.everybody - found if isinstance(operation, ast.NotIn) else found
        return None

    def _named(self, values: Iterable[object]) -> FrozenBitMap:
        bits = (self._subjects.bit(value) for value in values if isinstance(value, str))
        return FrozenBitMap(bit for bit in bits if bit is not None)

    def _reads_shared_attributes_only(self, tree: ast.expr) -> bool:
        shared = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr in _SHARED
        }
        return all(
            id(node) in shared
            for node in ast.walk(tree)
            if isinstance(node, ast.expr) and self._is_subject(node)
        )

    def _by_attributes(self, atom: Atom, names: dict[str, Any]) -> FrozenBitMap:
        """Evaluated once for each kind and activity that somebody has."""
        found = BitMap()
        for (kind, active), bits in self.alike().items():
            if self._truth(atom, {**names, self.subject_token: Subject("user:", kind, active)}):
                found |= bits
        return FrozenBitMap(found)

    def alike(self) -> dict[tuple[str, bool], FrozenBitMap]:
        """Everybody, by kind and activity."""
        people = self._subjects.population
        unknown = people.unknown | FrozenBitMap(self._subjects.made_up.values())
        services = people.services - unknown
        active = people.active_people | people.active_services
        kinds = {
            "unknown": unknown,
            "service": services,
            "person": self.everybody - unknown - services,
        }
        found = {}
        for kind, bits in kinds.items():
            found[kind, True] = bits & active
            found[kind, False] = bits - active
        return {key: bits for key, bits in found.items() if bits}

    def _one_by_one(self, atom: Atom, names: dict[str, Any]) -> FrozenBitMap:
        call = self._plain_call(atom, names)
        found = BitMap()
        for bit, subject in enumerate(self._asking):
            if call is not None:
                try:
                    true = call(subject)
                except Exception as refused:
                    raise DoesNotSplitError(f"`{atom.text}` fails: {refused}") from refused
                if not isinstance(true, bool):
                    raise DoesNotSplitError(f"`{atom.text}` is not true or false")
            else:
                true = self._truth(atom, {**names, self.subject_token: subject})
            if true:
                found.add(bit)
        return FrozenBitMap(found)

    @cached_property
    def _asking(self) -> list[Subject]:
        """Everybody as a subject, by bit."""
        return [self._subjects.subject(bit) for bit in self._subjects.bits()]

    def _plain_call(self, atom: Atom, names: dict[str, Any]) -> Any:
        """A call of a function on the subject and constants, without the tree's walk."""
        node = atom.node
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords:
            return None
        function = self._functions.get(node.func.id)
        if function is None or any(isinstance(argument, ast.Starred) for argument in node.args):
            return None
        places: list[int] = []
        arguments: list[Any] = []
        for position, argument in enumerate(node.args):
            if self._is_subject(argument):
                places.append(position)
                arguments.append(None)
            elif self._reads_subject(argument):
                return None
            else:
                arguments.append(self.evaluate(argument, names))

        def call(subject: Subject) -> Any:
            for position in places:
                arguments[position] = subject
            return function(*arguments)

        return call
