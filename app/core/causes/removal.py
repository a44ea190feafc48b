"""Which removable thing is the cause: the choice between grants and memberships.

Both the grants to a role and the memberships that carry the wrong people into it could
go. The cheaper is the cause, and a cost is the sum of: how many things must go (all grants
to one role are one thing, each membership is one); how many tables must be given back to
people whom policy allows them; and the order of magnitude (decimal digits) of the number
of statements. Equal costs take the membership. Nothing here looks at times or row numbers,
and what an earlier run called the cause stays the cause while it closes the same at no
more than KEEP_FACTOR times the cost, so an incident keeps its name while it grows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyroaring import FrozenBitMap

from app.core.causes.openers import Opener, VerdictGrants
from app.core.causes.role_graph import Edge, RoleGraph
from app.core.memberships import Subject
from app.core.reach import PUBLIC

#: An earlier run's cause is kept while it costs at most so many times the best.
KEEP_FACTOR = 4


@dataclass(frozen=True, slots=True)
class Cut:
    """Memberships that together carry all the wrong people, and what cutting them costs."""

    cost: int
    edges: tuple[Edge, ...]


class RemovalChoice:
    """Decides, for each role that opens something, what is to be removed."""

    def __init__(
        self,
        graph: RoleGraph,
        grants: VerdictGrants,
        openers: Mapping[Subject, Opener],
        other_tables: Mapping[str, int],
        kept_edges: frozenset[Edge],
        kept_grants: frozenset[Subject],
    ) -> None:
        """other_tables: role → tables that it opens to nobody wrong. kept_…: earlier causes."""
        self._graph = graph
        self._grants = grants
        self._openers = openers
        self._other_tables = other_tables
        self._kept_edges = kept_edges
        self._kept_grants = kept_grants
        self._useful: dict[str, int] = {}

    def plausible(self) -> list[str]:
        """The roles out of which few enough memberships may carry all the wrong people."""
        return [
            name
            for (kind, name), opener in sorted(self._openers.items())
            if kind == "ROLE" and name != PUBLIC and self._may_be_cut(opener)
        ]

    def _may_be_cut(self, opener: Opener) -> bool:
        """Whoever is in no nested role is in the role by himself, and costs one membership."""
        nested = [self._graph.behind(member) for member in self._graph.nested_in(opener.name)]
        alone = opener.everybody_wrong() - FrozenBitMap.union(FrozenBitMap(), *nested)
        return len(alone) <= KEEP_FACTOR * (1 + opener.tables + _digits(opener.tables))

    def choose(self) -> dict[Subject, tuple[Edge, ...]]:
        """Role that opens → the memberships to remove; empty: its grants are the cause.

        Call when the graph is prepared for the `plausible` roles.
        """
        plausible = set(self.plausible())
        chosen: dict[Subject, tuple[Edge, ...]] = {}
        costs: dict[Subject, int] = {}
        for subject, opener in sorted(self._openers.items()):
            if subject[0] != "ROLE" or subject[1] not in plausible:
                chosen[subject] = ()
                continue
            chosen[subject], costs[subject] = self._one(opener)
        return self._lifted(chosen, costs)

    def _one(self, opener: Opener) -> tuple[tuple[Edge, ...], int]:
        lossy = {
            verdict: self._grants.allowed_only_through(verdict, opener.subject)
            for verdict in opener.wrong
        }
        losing = FrozenBitMap.union(*lossy.values())
        given_back = sum(
            opener.groups[group]
            for group in {self._grants.group(verdict) for verdict, who in lossy.items() if who}
        )
        grants_cost = 1 + given_back + _digits(opener.tables)
        cut = self._cut(
            opener.subject[1],
            opener.everybody_wrong(),
            losing,
            given_back,
            grants_cost * KEEP_FACTOR,
            frozenset(),
        )
        if cut is None:
            return (), grants_cost
        cut_cost = cut.cost + _digits(len(cut.edges))
        if opener.subject in self._kept_grants and grants_cost <= KEEP_FACTOR * cut_cost:
            return (), grants_cost
        # One of several may have been mended, or joined by another: the others stay what they are.
        keeps = not self._kept_edges.isdisjoint(cut.edges)
        if cut_cost <= grants_cost or (keeps and cut_cost <= KEEP_FACTOR * grants_cost):
            return cut.edges, cut_cost
        return (), grants_cost

    def _cut(
        self,
        role: str,
        wrong: FrozenBitMap,
        losing: FrozenBitMap,
        tables: int,
        limit: int,
        seen: frozenset[str],
    ) -> Cut | None:
        """The cheapest memberships at or below a role; None where none carries them all.

        losing: who is allowed and has it by this role alone.
        """
        users = self._graph.users_in(role) & wrong
        if len(users) > limit:
            return None
        edges: list[Edge] = [(("USER", name), ("ROLE", role)) for name in self._names(users)]
        cost, reached = len(edges), FrozenBitMap(users)
        taken_here = bool(edges)
        for member in self._graph.nested_in(role):
            behind = self._graph.behind(member)
            if not behind & wrong:
                continue
            reached |= behind & wrong
            here = Cut(1 + (tables if behind & losing else 0), ((member, ("ROLE", role)),))
            below = self._below(member, wrong, losing, tables, limit, seen | {role})
            best = below if below is not None and self._is_better(below, here) else here
            taken_here = taken_here or best is here
            cost += best.cost
            edges += best.edges
        if not wrong.issubset(reached):
            return None
        if taken_here:
            cost += self._useful_above(role)
        return Cut(cost, tuple(sorted(edges)))

    def _is_better(self, below: Cut, here: Cut) -> bool:
        """Whether to cut below a member; what was the cause before stays it for a while."""
        kept_below, kept_here = (self._kept_edges.issuperset(cut.edges) for cut in (below, here))
        if kept_here and not kept_below:
            return KEEP_FACTOR * below.cost < here.cost
        if kept_below and not kept_here:
            return below.cost <= KEEP_FACTOR * here.cost
        return below.cost < here.cost

    def _below(
        self,
        member: Subject,
        wrong: FrozenBitMap,
        losing: FrozenBitMap,
        tables: int,
        limit: int,
        seen: frozenset[str],
    ) -> Cut | None:
        kind, name = member
        if kind != "ROLE" or name == PUBLIC or name in seen:
            return None
        return self._cut(name, wrong & self._graph.behind(member), losing, tables, limit, seen)

    def _names(self, users: Iterable[int]) -> list[str]:
        return [self._graph.user_name(bit) for bit in users]

    def _useful_above(self, role: str) -> int:
        """Tables that members rightly have by the role or by one above it."""
        known = self._useful.get(role)
        if known is None:
            known = sum(self._other_tables.get(name, 0) for name in self._graph.above(role))
            self._useful[role] = known
        return known

    def _lifted(
        self, chosen: dict[Subject, tuple[Edge, ...]], costs: Mapping[Subject, int]
    ) -> dict[Subject, tuple[Edge, ...]]:
        """Replace edges that one deeper edge carries alone, where that costs less."""
        covers: dict[Edge, set[Edge]] = defaultdict(set)
        wrong: dict[Edge, FrozenBitMap] = {}
        for subject, edges in chosen.items():
            for edge in edges:
                through = self._graph.behind(edge[0]) & self._openers[subject].everybody_wrong()
                wrong[edge] = wrong.get(edge, FrozenBitMap()) | through
        for edge, through in wrong.items():
            for deeper in self._sole_carriers(edge, through):
                covers[deeper].add(edge)
        replaced: dict[Edge, Edge] = {}
        for deeper in sorted(covers, key=lambda found: (-len(covers[found]), found)):
            covered = {edge for edge in covers[deeper] if edge not in replaced}
            known = deeper in self._kept_edges
            if not covered or (len(covered) < 2 and not known):
                continue
            cost = 1 + self._useful_above(deeper[1][1])
            apart = sum(1 + self._useful_above(edge[1][1]) for edge in covered)
            keeps = not known and not self._kept_edges.isdisjoint(covered)
            if cost * (KEEP_FACTOR if keeps else 1) <= apart:
                replaced.update(dict.fromkeys(covered, deeper))
        return {
            subject: tuple(sorted({replaced.get(edge, edge) for edge in edges}))
            for subject, edges in chosen.items()
        }

    def _sole_carriers(self, edge: Edge, wrong: FrozenBitMap) -> Iterator[Edge]:
        """Deeper edges that carry all the wrong people of an edge by themselves."""
        (kind, name), seen = edge[0], {edge[1][1]}
        while kind == "ROLE" and name != PUBLIC and name not in seen:
            seen.add(name)
            if self._graph.users_in(name) & wrong:
                return
            carrying = [
                member
                for member in self._graph.nested_in(name)
                if self._graph.behind(member) & wrong
            ]
            if len(carrying) != 1:
                return
            yield carrying[0], ("ROLE", name)
            kind, name = carrying[0]


def _digits(count: int) -> int:
    """The order of magnitude of a number of statements."""
    return len(str(count))
