"""Policy lines as terms: which classes and rights a line speaks of, and for whom."""

from collections.abc import Iterable
from dataclasses import field

from pyroaring import FrozenBitMap

from app.core.frozen import frozen
from app.core.verdicts import PolicyLine
from app.policy.expression import And, Atom, Not, Term, atoms, expression_of, parse, split
from app.policy.model_conf import CasbinModel
from app.policy.truths import DoesNotSplitError, Read, Truths, Words


@frozen(slots=False)
class CompiledLine:
    """A policy line, its effect, its term, and what its fields hold for the atoms."""

    line: PolicyLine
    effect: str  # allow or deny
    term: Term
    values: dict[str, str]
    read: dict[str, Words] = field(default_factory=dict, compare=False)

    def asked(self, atom: Atom) -> Words:
        """The line's values that an atom reads."""
        found = self.read.get(atom.key)
        if found is None:
            found = self.read[atom.key] = tuple(self.values[token] for token in atom.asks)
        return found


def compile_lines(model: CasbinModel, ordered: Iterable[PolicyLine]) -> tuple[CompiledLine, ...]:
    """The lines with their terms, in the order given."""
    position = model.position_of("eft")
    terms: dict[str, Term] = {}
    compiled = []
    for line in ordered:
        expression = expression_of(model, line.values)
        if expression not in terms:
            terms[expression] = _words_first(split(parse(expression), model), model)
        compiled.append(
            CompiledLine(
                line,
                line.values[position] if position is not None else "allow",
                terms[expression],
                dict(zip(model.policy, line.values, strict=True)),
            )
        )
    return tuple(compiled)


def _words_first(term: Term, model: CasbinModel) -> Term:
    """The same term with what does not read the subject in front: it may decide alone."""
    if isinstance(term, Atom):
        return term
    if isinstance(term, Not):
        return Not(_words_first(term.term, model))
    parts = [_words_first(part, model) for part in term.terms]
    subject = model.request[0]
    parts.sort(key=lambda part: any(subject in atom.reads for atom in atoms(part)))
    return type(term)(tuple(parts))


class Matching:
    """Which subjects a line matches, for one data class and one right."""

    def __init__(self, truths: Truths, data_class: str, right: str) -> None:
        self._truths = truths
        self._subject = truths.subject_token
        self._request = {truths.class_token: data_class, truths.right_token: right}
        self._read: dict[frozenset[str], Read] = {}

    def subjects(self, line: CompiledLine) -> FrozenBitMap | bool:
        """Everybody whom the line matches; True is everybody, False nobody.

        Raises DoesNotSplitError.
        """
        return self._subjects(line, line.term)

    def speaks(self, line: CompiledLine) -> bool:
        """Whether the line could match some subject: atoms of the subject stay open."""
        return self._open(line, line.term) is not False

    def _subjects(self, line: CompiledLine, term: Term) -> FrozenBitMap | bool:
        if isinstance(term, Atom):
            if self._subject in term.reads:
                return self._truths.of_subjects(term, line.asked(term), self._read_by(term))
            return self._truths.of_words(term, line.asked(term), self._read_by(term))
        if isinstance(term, Not):
            return self._opposite(self._subjects(line, term.term))
        if isinstance(term, And):
            return self._join(line, term.terms, absorbing=False)
        return self._join(line, term.terms, absorbing=True)

    def _read_by(self, atom: Atom) -> Read:
        found = self._read.get(atom.reads)
        if found is None:
            found = self._read[atom.reads] = tuple(
                (token, word) for token, word in self._request.items() if token in atom.reads
            )
        return found

    def _opposite(self, found: FrozenBitMap | bool) -> FrozenBitMap | bool:
        return not found if isinstance(found, bool) else self._truths.everybody - found

    def _join(
        self, line: CompiledLine, terms: tuple[Term, ...], *, absorbing: bool
    ) -> FrozenBitMap | bool:
        """All of the terms (False absorbs) or any of them (True absorbs)."""
        joined: FrozenBitMap | None = None
        for term in terms:
            found = self._subjects(line, term)
            if isinstance(found, bool):
                if found is absorbing:
                    return absorbing
            elif joined is None:
                joined = found
            else:
                joined = joined | found if absorbing else joined & found
        return (not absorbing) if joined is None else joined

    def _open(self, line: CompiledLine, term: Term) -> bool | None:
        if isinstance(term, Atom):
            if self._subject in term.reads:
                return None
            try:
                return self._truths.of_words(term, line.asked(term), self._read_by(term))
            except DoesNotSplitError:
                return None
        if isinstance(term, Not):
            found = self._open(line, term.term)
            return None if found is None else not found
        absorbing = not isinstance(term, And)
        outcomes = {self._open(line, part) for part in term.terms}
        if absorbing in outcomes:
            return absorbing
        return None if None in outcomes else not absorbing
