"""`policy test`: small lakes, and the verdicts expected of the policies there.

Each expectation is judged twice, by the compiled judge and by Casbin's own `enforce`; where
the two disagree the expectation fails, whatever was expected.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core.names import RIGHTS
from app.core.population import Population
from app.core.verdicts import Judge, Policies, PolicyLine
from app.policy.compiled import compile_judge, known_classes
from app.policy.enforcing import Enforce, reference_enforce
from app.policy.marked_yaml import Listing, Mapping, Word, as_mapping, as_words, read_yaml
from app.policy.places import Place, label, nearest, quoted, read_text
from app.policy.small_lake import KEYS, read_lake

ANYONE = "anyone"
VERDICTS = ("allow", "deny")


@dataclass(frozen=True)
class Outcome:
    """One subject, the classes of one table, one right: what was expected and what came."""

    file: str
    line: int
    subject: str
    classes: tuple[str, ...]
    right: str
    expected: str  # allow or deny
    got: str  # allow, deny or `disagreement`
    lines: tuple[PolicyLine, ...]  # what decided, where a line did

    @property
    def passed(self) -> bool:
        """Whether it came as expected."""
        return self.got == self.expected

    def __str__(self) -> str:
        asked = f"{self.subject} {self.right} {' + '.join(self.classes)}"
        place = f"{Place(self.file, self.line)}: {asked}"
        if self.passed:
            return f"{place}: {self.got}, as expected"
        if self.got not in VERDICTS:
            return f"{place}: the compiled judge and Casbin's enforce disagree: please report it"
        because = "; ".join(str(line) for line in self.lines) or "no line decides"
        return f"{place}: expected {self.expected}, got {self.got} ({because})"


def run_tests(policies: Policies) -> tuple[Outcome, ...]:
    """The outcomes of every YAML file in the policies' `tests/`. Raises PolicyError."""
    folder = Path(policies.folder)
    paths = [*(folder / "tests").glob("*.yaml"), *(folder / "tests").glob("*.yml")]
    return tuple(
        outcome
        for path in sorted(paths)
        for outcome in run_file(policies, path, f"{label(folder)}/tests/{path.name}")
    )


def run_file(policies: Policies, path: Path, file: str) -> Iterator[Outcome]:
    """The outcomes of one test file."""
    given = as_mapping(read_yaml(read_text(path, Place(file)), file), "a policy test")
    given.only("a policy test", ("description", *KEYS, *VERDICTS))
    if not any(verdict in given for verdict in VERDICTS):
        raise given.place.error("the test expects nothing", "Add an `allow:` or a `deny:` list")
    population = read_lake(given)
    run = _Run(policies, population)
    for verdict in VERDICTS:
        node = given.get(verdict)
        if node is None:
            continue
        if not isinstance(node, Listing):
            raise node.place.error(
                f"`{verdict}` must be a list",
                "Write `- {user: ann, class: payroll, right: select}`",
            )
        for item in node.items:
            yield from run.expectation(as_mapping(item, "an expectation"), verdict)


class _Run:
    def __init__(self, policies: Policies, population: Population) -> None:
        self.judge: Judge = compile_judge(policies, population)
        self.enforce: Enforce = reference_enforce(policies, population)
        self.population = population
        self.classes = known_classes(policies)
        self.subjects = {
            **{user: f"user:{user}" for user in population.users},
            **{f"user:{user}": f"user:{user}" for user in population.users},
            **{f"group:{group}": f"group:{group}" for group in population.opaque},
            ANYONE: ANYONE,
        }

    def expectation(self, given: Mapping, verdict: str) -> Iterator[Outcome]:
        """One entry: every user it names, every right, the classes together."""
        what = "an expectation"
        given.only(what, ("user", "class", "right"))
        users = as_words(given.need("user", what), "user")
        rights = [self._known(word, RIGHTS, "right") for word in self._some(given, "right")]
        classes = tuple(
            self._known(word, self.classes, "data class") for word in self._some(given, "class")
        )
        for word in users:
            name = self._known(word, tuple(self.subjects), "user of this lake")
            for right in rights:
                yield self._judge(given.place, self.subjects[name], classes, right, verdict)

    def _some(self, given: Mapping, key: str) -> tuple[Word, ...]:
        node = given.need(key, "an expectation")
        words = as_words(node, key)
        if not words:
            raise node.place.error(f"{key} is empty", f"Name a {key}, or several in a list")
        return words

    def _known(self, word: Word, known: tuple[str, ...], what: str) -> str:
        text = word.words(f"the {what}")
        if text not in known:
            raise word.place.error(
                f"{quoted(text)} is no {what}",
                f"{nearest(text, known)}Known: {', '.join(known[:30])}",
            )
        return text

    def _judge(
        self, place: Place, subject: str, classes: tuple[str, ...], right: str, verdict: str
    ) -> Outcome:
        bit = self._bit(subject)
        compiled = {name: bit in self.judge.permitted(name, right) for name in classes}
        enforced = {name: self.enforce(subject, name, right) for name in classes}
        allowed = all(compiled.values())
        got = VERDICTS[0] if allowed else VERDICTS[1]
        deciding = (
            self.judge.deciding_line(subject, name, right)
            for name in classes
            if compiled[name] == allowed
        )
        return Outcome(
            file=place.file,
            line=place.line,
            subject=subject,
            classes=classes,
            right=right,
            expected=verdict,
            got=got if compiled == enforced else "disagreement",
            lines=tuple(dict.fromkeys(line for line in deciding if line is not None)),
        )

    def _bit(self, subject: str) -> int:
        """The bit of a subject of the lake."""
        return next(
            bit for bit in self.population.everybody if self.population.subject(bit) == subject
        )
