"""Whether the lines of policy.csv mean something: the matcher itself says.

A value is known where it names a class, a right or an audience, or where some term of the
matcher that reads it is true for a known one: so `employee-*` is good under keyMatch and
an error under `==`, and whatever functions the model uses, nothing here repeats them.
"""

import ast
from collections.abc import Iterator
from itertools import product
from typing import Any

from casbin.util import SimpleEval, generate_g_function

from app.core.names import RIGHTS
from app.core.verdicts import PolicyLine
from app.policy.enforcing import enforcer_of
from app.policy.expression import Atom, atoms, builtin_functions, check, split
from app.policy.model_conf import CasbinModel
from app.policy.places import Place, nearest, quoted
from app.policy.policy_csv import PolicyFile, Record, check_audience
from app.policy.subjects import Subject, is_audience

_SOMEBODY = Subject("user:somebody")


def check_meaning(policy: PolicyFile, model: CasbinModel, classes: tuple[str, ...]) -> None:
    """Refuse lines that name unknown things or that Casbin fails on. Raises PolicyError."""
    trial = _Trial(policy, model, classes)
    for key, rows in policy.groupings.items():
        if key != "g":
            _check_grouping(key, rows, model, trial.known)
    for line in policy.lines:
        trial.line(line)


class _Trial:
    """Tries lines on a subject nobody is, and on every class and right."""

    def __init__(self, policy: PolicyFile, model: CasbinModel, classes: tuple[str, ...]) -> None:
        self._model = model
        self.known = {model.request[1]: classes, model.request[2]: RIGHTS}
        enforcer = enforcer_of(model, (), policy.hand_groupings)
        groups = {key: generate_g_function(enforcer.rm_map[key]) for key in model.groupings}
        self._evaluator = SimpleEval("", {**builtin_functions(), **groups})
        self._harmless: set[tuple[str, tuple[str, ...]]] = set()
        self._trees: dict[str, tuple[ast.expr, tuple[Atom, ...]]] = {}

    def line(self, line: PolicyLine) -> None:
        """Check one policy line."""
        place = Place(line.file, line.line)
        values = dict(zip(self._model.policy, line.values, strict=True))
        tree, found = self._read(line)
        self._audience(found, values, place)
        for position, what in ((1, "data class"), (2, "right")):
            self._word(position, what, found, values, place)
        for atom in found:
            key = (atom.key, tuple(values[token] for token in atom.asks))
            if key not in self._harmless:
                if self._fails(atom.node, values):
                    self._try_whole(tree, values, place)
                else:
                    self._harmless.add(key)

    def _read(self, line: PolicyLine) -> tuple[ast.expr, tuple[Atom, ...]]:
        rule = "\0".join(line.values) if "eval(" in self._model.matcher else ""
        if rule not in self._trees:
            place = Place(line.file, line.line) if rule else self._model.place("m")
            tree = check(self._model, line.values, place)
            self._trees[rule] = (tree, tuple(atoms(split(tree, self._model))))
        return self._trees[rule]

    def _evaluate(self, node: ast.expr, values: dict[str, str], **request: Any) -> Any:
        subject, data_class, right = self._model.request
        self._evaluator.names = {
            subject: request.get(subject, _SOMEBODY),
            data_class: request.get(data_class, self.known[data_class][0]),
            right: request.get(right, RIGHTS[0]),
            **values,
        }
        return self._evaluator._eval(node)

    def _fails(self, node: ast.expr, values: dict[str, str]) -> bool:
        try:
            return not isinstance(self._evaluate(node, values), bool)
        except Exception:  # noqa: BLE001 - a function of the model may raise anything
            return True

    def _try_whole(self, tree: ast.expr, values: dict[str, str], place: Place) -> None:
        """A failing term may stand behind one that guards it: only the whole counts."""
        mend = "Mend the line, or the matcher in " + str(self._model.place("m"))
        audience = values.get(self._token(0) or "", "")
        tried = {self._model.request[0]: (_SOMEBODY, Subject(audience)), **self.known}
        for words in product(*tried.values()):
            try:
                result = self._evaluate(tree, values, **dict(zip(tried, words, strict=True)))
            except Exception as refused:
                raise place.error(f"Casbin fails on this line: {refused}", mend) from refused
            if not isinstance(result, bool | float):
                raise place.error("the matcher is neither true nor false for this line", mend)

    def _audience(self, found: tuple[Atom, ...], values: dict[str, str], place: Place) -> None:
        token = self._token(0)
        if token is None or is_audience(values[token]):
            return
        subject = self._model.request[0]
        for atom in found:
            if token not in atom.asks:
                continue
            by_pattern = isinstance(atom.node, ast.Call) and not self._is_grouping(atom.node)
            if atom.reads == {subject} and by_pattern:
                return
            if not atom.reads and self._is_true(atom, values):
                return
        check_audience(values[token], place)

    def _is_grouping(self, call: ast.Call) -> bool:
        return isinstance(call.func, ast.Name) and call.func.id in self._model.groupings

    def _token(self, position: int) -> str | None:
        held = self._model.position(position)
        return None if held is None else self._model.policy[held]

    def _word(
        self,
        position: int,
        what: str,
        found: tuple[Atom, ...],
        values: dict[str, str],
        place: Place,
    ) -> None:
        """Refuse a class or right that is unknown and that no term takes for a known one."""
        token, asked = self._token(position), self._model.request[position]
        if token is None or values[token] in self.known[asked]:
            return
        asking = [atom for atom in found if token in atom.asks]
        if not asking or any(atom.reads - {asked} for atom in asking):
            return
        if any(
            self._is_true(atom, values, **{asked: word})
            for atom in asking
            for word in self.known[asked]
        ):
            return
        raise _unknown(what, values[token], self.known[asked], place)

    def _is_true(self, atom: Atom, values: dict[str, str], **request: Any) -> bool:
        try:
            return self._evaluate(atom.node, values, **request) is True
        except Exception:  # noqa: BLE001 - told by `line`, which names what fails
            return True


def _unknown(what: str, value: str, known: tuple[str, ...], place: Place) -> Exception:
    where = "classes.yaml" if what == "data class" else "Lakewarden"
    listed = ", ".join(known if len(known) <= 20 else (*known[:20], "…"))
    return place.error(
        f"{quoted(value)} is no {what} of {where}", f"{nearest(value, known)}Known: {listed}"
    )


def _check_grouping(
    key: str, rows: tuple[Record, ...], model: CasbinModel, known: dict[str, tuple[str, ...]]
) -> None:
    """The lowest names of `g2`, `g3`, … are what the matcher hands them."""
    for asked in _handed_to(key, model):
        parents = {row.values[1] for row in rows}
        for row in rows:
            child = row.values[0]
            if asked == model.request[0]:
                check_audience(child, row.place)
            elif child not in known[asked] and child not in parents:
                what = "data class" if asked == model.request[1] else "right"
                raise _unknown(what, child, known[asked], row.place)


def _handed_to(key: str, model: CasbinModel) -> Iterator[str]:
    """The request fields that the matcher gives a grouping as its first name."""
    tree = check(model, ("",) * len(model.policy), model.place("m"))
    seen = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == key:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Name) and first.id in model.request and first.id not in seen:
                seen.add(first.id)
                yield first.id
