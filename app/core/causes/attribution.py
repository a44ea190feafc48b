"""Each verdict's causes: the removable things behind it, with the people they carry."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap, FrozenBitMap

from app.core.assessment import Assessment
from app.core.causes.openers import Opener, VerdictGrants
from app.core.causes.role_graph import Edge, RoleGraph
from app.core.incidents import Cause
from app.core.memberships import Subject
from app.core.population import ANYONE
from app.core.reach import PopulationReach

MEMBERSHIP, GRANTS, OWNER, MODE, PRINCIPAL = "membership", "grants", "owner", "mode", "principal"

#: Parts of a mode's causes: nothing is checked; the mode does not check this; people can
#: make themselves able to do anything.
OFF, UNCHECKED, SELF_SERVICE = "authorization-off", "unchecked", "can-make-themselves"


def worded(subject: Subject) -> str:
    """`role:NAME` of (ROLE, NAME)."""
    return f"{subject[0].lower()}:{subject[1]}"


def membership_cause(edge: Edge) -> Cause:
    """A membership: of whom, and in which role."""
    member, of = edge
    said = f"{member[0].lower()} {member[1]} is a member of {of[0].lower()} {of[1]}"
    return Cause(MEMBERSHIP, worded(member), (worded(member), worded(of)), said)


def grants_cause(subject: Subject) -> Cause:
    """All grants to one principal that open something they should not."""
    return Cause(GRANTS, worded(subject), (), f"grants to {subject[0].lower()} {subject[1]}")


def principal_cause(subject: str) -> Cause:
    """A principal that should hold nothing any more: `user:NAME` or `group:NAME`."""
    kind, _, name = subject.partition(":")
    return Cause(PRINCIPAL, subject, (), f"{kind} {name} still holds grants or roles")


def owner_cause(subject: str) -> Cause:
    """An owner, `user:NAME`, who may do what policy does not allow him."""
    kind, _, name = subject.partition(":")
    return Cause(OWNER, subject, (), f"{kind} {name} owns it")


def mode_cause(mode: str, part: str, words: str) -> Cause:
    """What the authorization mode itself opens."""
    return Cause(MODE, "lake", (mode, part), words)


def edge_of(cause: Cause) -> Edge:
    """The membership that a cause of kind `membership` names."""
    member, of = (part.partition(":") for part in cause.parts)
    return (member[0].upper(), member[2]), (of[0].upper(), of[2])


def subject_named(text: str) -> Subject:
    """`role:NAME` as (ROLE, NAME)."""
    kind, _, name = text.partition(":")
    return kind.upper(), name


@dataclass
class Attributed:
    """A cause and what is laid to it. wrong: verdict → who gets it wrongly by this cause."""

    cause: Cause
    wrong: dict[int, FrozenBitMap] = field(default_factory=dict)
    openers: set[str] = field(default_factory=set)  # subjects whose grants it reaches

    def people(self) -> FrozenBitMap:
        """Everybody who gets something wrongly by it."""
        if len(self.wrong) == 1:
            return next(iter(self.wrong.values()))
        return FrozenBitMap.union(*self.wrong.values()) if self.wrong else FrozenBitMap()


class Attribution:
    """Lays every verdict to its causes."""

    def __init__(self, assessment: Assessment, reach: PopulationReach, mode: str) -> None:
        self._assessment = assessment
        self._reach = reach
        self._mode = mode
        self.found: dict[Cause, Attributed] = {}

    def by_grants(
        self,
        openers: Mapping[Subject, Opener],
        removed: Mapping[Subject, Sequence[Edge]],
        graph: RoleGraph,
    ) -> None:
        """Verdicts opened by grants: to the memberships removed for a role, or to the grants."""
        for subject, opener in openers.items():
            edges = removed[subject]
            through = [(edge, graph.behind(edge[0])) for edge in edges]
            own = self._of_principal(subject)
            for verdict, wrong in opener.wrong.items():
                if not edges:
                    self._add(own, verdict, wrong, subject)
                for edge, behind in through:
                    if behind & wrong:
                        self._add(membership_cause(edge), verdict, behind & wrong, subject)

    def by_contract(self, found: Mapping[int, tuple[Subject, FrozenBitMap]]) -> None:
        """Verdicts with more people allowed than the contract bears: the widest grants."""
        for verdict, (subject, allowed) in found.items():
            self._add(self._of_principal(subject), verdict, allowed, subject)

    def unexplained(self, verdicts: Iterable[int], grants: VerdictGrants) -> None:
        """Verdicts that no grant explains: an owner's, or what the mode does not check."""
        for number in verdicts:
            verdict = self._assessment.verdicts[number]
            wrong = FrozenBitMap.deserialize(verdict.violators) or FrozenBitMap.deserialize(
                verdict.reach
            )
            self._add(self._without_grants(number, wrong, grants), number, wrong, None)

    def _of_principal(self, subject: Subject) -> Cause:
        """Grants to a user who left or whom nobody knows are that user's own cause."""
        population = self._reach.population
        if subject[0] == "USER" and population.directory_known:
            bit = population.bit(subject[1])
            if bit in population.inactive or bit in population.unknown:
                return principal_cause(worded(subject))
        if subject[0] == "GROUP" and population.directory_known and subject[1] in population.opaque:
            return principal_cause(worded(subject))
        return grants_cause(subject)

    def _without_grants(self, number: int, wrong: FrozenBitMap, grants: VerdictGrants) -> Cause:
        right = self._assessment.verdicts[number].right
        if self._mode == "off":
            return off_cause()
        if ANYONE not in wrong and right in ("own", "alter", "drop", "index"):
            table = grants.table(number)
            if table.owner:
                kind = "user" if self._mode == "sql-standard" else (table.owner_type or "USER")
                return owner_cause(f"{kind.lower()}:{table.owner}")
        return mode_cause(self._mode, UNCHECKED, f"{self._mode} does not check it")

    def _add(self, cause: Cause, verdict: int, wrong: FrozenBitMap, opener: Subject | None) -> None:
        known = self.found.setdefault(cause, Attributed(cause))
        before = known.wrong.get(verdict)
        known.wrong[verdict] = wrong if before is None else before | wrong
        if opener is not None:
            known.openers.add(worded(opener))

    def causes_of_verdicts(self) -> dict[int, list[Cause]]:
        """Verdict → its causes."""
        found: dict[int, list[Cause]] = defaultdict(list)
        for cause, attributed in self.found.items():
            for verdict in attributed.wrong:
                found[verdict].append(cause)
        return found


def off_cause() -> Cause:
    """Authorization switched off."""
    return mode_cause("off", OFF, "authorization is off: everybody can do everything")


def active_people(bits: BitMap | FrozenBitMap, reach: PopulationReach) -> int:
    """How many active people of the directory are among them."""
    return bits.intersection_cardinality(reach.population.active_people)
