"""What the lint finds, and what its checks look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pyroaring import FrozenBitMap

from app.core.classes import UNCLASSIFIED
from app.core.names import RIGHTS
from app.core.population import Population
from app.core.verdicts import Judge, Policies, PolicyLine
from app.policy.compiled import compile_judge
from app.policy.enforcing import model_of
from app.policy.model_conf import CasbinModel

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing the lint found."""

    file: str
    line: int
    rule: str
    severity: str  # error or warning
    message: str
    mend: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.severity}: {self.message} ({self.rule}). {self.mend}"
        )


@dataclass(frozen=True)
class Linted:
    """What the checks look at."""

    policies: Policies
    population: Population | None
    today: date

    @cached_property
    def model(self) -> CasbinModel:
        """The model."""
        return model_of(self.policies)

    @cached_property
    def judge(self) -> Judge:
        """The judge, over nobody where no population is given."""
        return compile_judge(self.policies, self.population or nobody())

    @cached_property
    def covered(self) -> dict[PolicyLine, frozenset[tuple[str, str]]]:
        """The (class, right) pairs that each line speaks of."""
        pairs: dict[PolicyLine, set[tuple[str, str]]] = {line: set() for line in self.lines}
        for known in self.policies.classification.classes:
            for right in RIGHTS:
                for line in self.judge.lines_considered(known.name, right):
                    pairs[line].add((known.name, right))
        for right in RIGHTS:
            for line in self.judge.lines_considered(UNCLASSIFIED, right):
                pairs[line].add((UNCLASSIFIED, right))
        return {line: frozenset(found) for line, found in pairs.items()}

    @property
    def lines(self) -> tuple[PolicyLine, ...]:
        """The policy lines."""
        return self.policies.lines

    def audience(self, line: PolicyLine) -> str:
        """Whom a line is about; empty where the model has no such field."""
        position = self.model.position(0)
        return "" if position is None else line.values[position]

    def effect(self, line: PolicyLine) -> str:
        """allow or deny."""
        position = self.model.position_of("eft")
        return "allow" if position is None else line.values[position]


#: A check yields findings.
Check = Callable[[Linted], Iterator[Finding]]


def nobody() -> Population:
    """A population without anybody in it."""
    none = FrozenBitMap()
    return Population((), (), none, none, none, none, none, False, {}, {}, {})
