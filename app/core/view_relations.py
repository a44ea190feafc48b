"""Relations: what a query, a derived table or a FROM item offers to what is around it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.core.view_text import ANY_COLUMN

Flow = tuple[int, str]  # (number of the source, its column)
NONE: frozenset[Flow] = frozenset()


@dataclass
class Relation:
    """What a FROM item offers, or a query returns."""

    outputs: list[tuple[str, frozenset[Flow]]] = field(default_factory=list)
    stars: dict[int, frozenset[str]] = field(default_factory=dict)  # source → left out
    anything: frozenset[Flow] = NONE  # comes through, nobody can tell under which name
    by_name: dict[str, frozenset[Flow]] = field(default_factory=dict)

    @property
    def positional(self) -> bool:
        return not self.stars and not self.anything

    def named(self, name: str) -> frozenset[Flow]:
        """What an output of that name is made of."""
        return self.by_name.get(name, NONE)

    def untold(self, name: str) -> frozenset[Flow]:
        """What a column of that name may be, by the tables that come through whole."""
        starred = {(source, name) for source, out in self.stars.items() if name not in out}
        return self.anything | starred

    def column(self, name: str) -> frozenset[Flow]:
        return self.named(name) or self.untold(name)

    def everything(self) -> frozenset[Flow]:
        whole = {(source, ANY_COLUMN) for source in self.stars}
        return self.anything.union(whole, *(flows for _, flows in self.outputs))

    def put(self, name: str, flows: frozenset[Flow]) -> None:
        """Add an output."""
        self.outputs.append((name, flows))
        self.by_name[name] = self.by_name.get(name, NONE) | flows

    def add(self, other: "Relation", left_out: frozenset[str] = frozenset()) -> None:
        """Let all of another relation come through, but the columns left out."""
        for name, flows in other.outputs:
            if name not in left_out:
                self.put(name, flows)
        for source, already in other.stars.items():
            self._star(source, already | left_out)
        self.anything |= other.anything

    def renamed(self, names: list[str]) -> "Relation":
        """The relation under column aliases."""
        if not names:
            return self
        if self.positional and len(names) == len(self.outputs):
            return named_relation(zip(names, (flows for _, flows in self.outputs), strict=True))
        everything = self.everything()
        return named_relation((name, everything) for name in names)

    def _star(self, source: int, left_out: frozenset[str]) -> None:
        self.stars[source] = self.stars.get(source, left_out) & left_out


@dataclass
class Scope:
    """The FROM items that a SELECT's expressions may speak of."""

    outer: "Scope | None"
    items: list[tuple[str, Relation]] = field(default_factory=list)
    aliases: dict[str, frozenset[Flow]] = field(default_factory=dict)

    def outwards(self) -> Iterator["Scope"]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer


def named_relation(outputs: Iterable[tuple[str, frozenset[Flow]]]) -> Relation:
    made = Relation()
    for name, flows in outputs:
        made.put(name, flows)
    return made


def united(relations: Sequence[Relation]) -> Relation:
    """The rows of all: UNION and the like, by position where it can be told."""
    made = Relation()
    lengths = {len(relation.outputs) for relation in relations}
    if len(lengths) == 1 and all(relation.positional for relation in relations):
        for same_place in zip(*(relation.outputs for relation in relations), strict=True):
            name, _ = same_place[0]
            made.put(name, NONE.union(*(flows for _, flows in same_place)))
    else:
        for relation in relations:
            made.add(relation)
    return made
