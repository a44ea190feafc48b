"""Who asks: a subject of a Casbin request, with the attributes ABAC models may read."""

from collections.abc import Callable, Iterable, Iterator

from app.core.population import ANYONE, UNKNOWN, Population

EVERYONE = "everyone"
PREFIXES = ("user:", "group:", "role:")


class Subject(str):
    """`user:x` as Casbin sees it: a string that also has `name`, `kind` and `active`.

    `kind` is person, service or unknown; `active` is true of active people and services
    of the directory only. So `r.sub.kind == "person"` and `r.sub.active` can stand in a
    matcher.
    """

    kind: str
    active: bool
    name: str

    def __new__(cls, text: str, kind: str = UNKNOWN, active: bool = False) -> "Subject":
        """A subject of the given text."""
        subject = super().__new__(cls, text)
        subject.kind = kind
        subject.active = active
        subject.name = text.partition(":")[2] or text
        return subject


#: What a matcher may read of `r.sub` beyond a plain string's methods.
ATTRIBUTES = ("kind", "active", "name")


def is_audience(text: str) -> bool:
    """Whether a text is `user:x`, `group:x`, `role:x` or `everyone`."""
    return text == EVERYONE or any(
        text.startswith(prefix) and len(text) > len(prefix) for prefix in PREFIXES
    )


class Subjects:
    """The bits of a population as subjects of requests.

    ANYONE is a user whose name nothing mentions; the bit of an opaque group is a user
    who is known as its member and as nothing else. `mentioned` says which texts the
    policies hold.
    """

    def __init__(self, population: Population, mentioned: Callable[[str], bool]) -> None:
        self.population = population
        self._mentioned = mentioned
        self.made_up = {self._unmentioned("~anyone"): ANYONE}
        for bit, group in enumerate(population.opaque, start=1 + len(population.users)):
            self.made_up[self._unmentioned(f"~member of {group}")] = bit
        self._made_up_text = {bit: text for text, bit in self.made_up.items()}

    def _unmentioned(self, name: str) -> str:
        population = self.population
        while (
            population.bit(name) != ANYONE
            or f"user:{name}" in population.edges
            or self._mentioned(f"user:{name}")
        ):
            name += "~"
        return f"user:{name}"

    def text(self, bit: int) -> str:
        """The subject's text at a bit."""
        return self._made_up_text.get(bit) or f"user:{self.population.users[bit - 1]}"

    def subject(self, bit: int) -> Subject:
        """The subject at a bit, with its attributes."""
        active = bit in self.population.active_people or bit in self.population.active_services
        return Subject(self.text(bit), self.kind(bit), active)

    def kind(self, bit: int) -> str:
        """person, service or unknown: whoever is made up is unknown."""
        return UNKNOWN if bit in self._made_up_text else self.population.kind(bit)

    def bit(self, text: str) -> int | None:
        """The bit whose subject has this text, if one has."""
        if text.startswith("user:"):
            bit = self.population.bit(text[len("user:") :])
            return bit if bit != ANYONE else self.made_up.get(text)
        return None

    def asked(self, subject: str) -> int | None:
        """The bit a question's subject stands for; None for a group or role that has none.

        A user's name that nothing mentions stands for ANYONE, `group:x` for an opaque
        group's bit.
        """
        if subject.startswith("user:"):
            return self.population.bit(subject[len("user:") :])
        if subject == "anyone":
            return ANYONE
        opaque = subject.removeprefix("group:")
        if subject.startswith("group:") and opaque in self.population.opaque:
            return 1 + len(self.population.users) + self.population.opaque.index(opaque)
        return None

    def bits(self) -> range:
        """All bits."""
        return range(1 + len(self.population.users) + len(self.population.opaque))

    def parents(self, bit: int) -> Iterator[str]:
        """What a made-up subject belongs to, beside everyone."""
        if bit != ANYONE:
            yield self.population.subject(bit)


def texts(values: Iterable[Iterable[str]]) -> frozenset[str]:
    """All the words that rows of policy hold."""
    return frozenset(word for row in values for word in row)
