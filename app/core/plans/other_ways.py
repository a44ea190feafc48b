"""Whether taking memberships of a role away could be better than taking its grants."""

from collections import defaultdict

import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap, FrozenBitMap

from app.core.incidents import Simulation
from app.core.memberships import Subject
from app.core.plans.desk import PlanDesk
from app.core.plans.holders import EMPTY, PlainTables
from app.core.plans.member_index import MemberIndex
from app.core.plans.removable import MOST_MEMBERS
from app.core.plans.row_effects import RowEffects, VerdictsOf
from app.core.plans.simulating import Scope
from app.core.reach import PUBLIC
from app.core.rights.sql_standard import NEEDS

#: At most so many tables of one role are looked at for somebody who would lose one, out of
#: so many rows of all roles.
_TABLES, _ROWS = 24, 400_000


class OtherWays:
    """Looks for the losses that memberships of a role would cost."""

    def __init__(
        self,
        desk: PlanDesk,
        tables: PlainTables,
        effects: RowEffects,
        members: MemberIndex,
        verdicts_of: VerdictsOf,
    ) -> None:
        self._desk = desk
        self._tables = tables
        self._effects = effects
        self._members = members
        self._verdicts_of = verdicts_of
        self._sampled: dict[str, list[int]] | None = None

    def none_is_better(self, subject: Subject, scope: Scope, by_grants: Simulation) -> bool:
        """Whether no plan with memberships of a role beats the one by its grants alone.

        The role's grants take nothing that policy allows. If cutting each of the memberships
        that carry somebody wrong takes something, any plan that holds one of them loses more.
        """
        role = subject[1]
        if role == PUBLIC or not self._desk.actors.for_roles(role)[0]:
            return True
        wrong = self._wrong(scope)
        users = self._members.users(role) & wrong
        nested = [behind for _, behind in self._members.nested(role) if behind & wrong]
        if not 0 < len(users) + len(nested) <= MOST_MEMBERS:
            return True
        if by_grants.allowed_lost:
            return False
        carried = FrozenBitMap.union(FrozenBitMap(users), *nested)
        losers = self._losers(role, carried - self._members.carried_twice(role))
        return users.issubset(losers) and all(behind & losers for behind in nested)

    def _wrong(self, scope: Scope) -> FrozenBitMap:
        found = BitMap()
        for table, rights in scope.tables.items():
            wrong = self._effects.wrong(table)
            for right in rights:
                reached = self._verdicts_of(table)[right].reach
                found |= wrong[right] or FrozenBitMap.deserialize(reached)
        return FrozenBitMap(found)

    def _losers(self, role: str, among: FrozenBitMap) -> FrozenBitMap:
        """Some of them who have something rightly, on some table, by the role alone."""
        population = self._desk.view.reach.population
        left = BitMap(self._desk.view.reach.principal("ROLE", role).possible & among)
        left &= FrozenBitMap(range(1, 1 + len(population.users))) - population.inactive
        found = BitMap()
        for table in self._tables_of(role):
            if not left:
                break
            plain = self._tables.of(table)
            if not plain.is_plain:
                continue
            for right in ("select", "insert"):  # each is one privilege's alone
                if right not in self._desk.rights:
                    continue
                lost = left & plain.only_by(("ROLE", role), NEEDS[right][0])
                lost -= self._effects.wrong(table).get(right, EMPTY)
                found |= lost
                left -= lost
        return FrozenBitMap(found)

    def _tables_of(self, role: str) -> list[int]:
        if self._sampled is None:
            self._sampled = self._sample()
        return self._sampled.get(role, [])

    def _sample(self) -> dict[str, list[int]]:
        """Role → some of its tables, spread over the lake."""
        snapshot = self._desk.view.snapshot
        rules, offsets = snapshot.mapped("rules"), snapshot.offsets("table_grants")
        kinds, names = rules["principal_type"].to_pylist(), rules["principal"].to_pylist()
        of_rule = {
            n: name for n, (k, name) in enumerate(zip(kinds, names, strict=True)) if k == "ROLE"
        }
        start, stop = (offsets[0], offsets[len(offsets) - 1]) if len(offsets) else (0, 0)
        grants = snapshot.mapped("grants").select(["object", "rule"]).slice(start, stop - start)
        rows = pc.indices_nonzero(pc.is_in(grants["rule"], value_set=pa.array(of_rule, pa.int32())))
        step = max(1, len(rows) // _ROWS)
        picked = grants.take(rows.take(pa.array(range(0, len(rows), step), pa.int64())))
        found: dict[str, list[int]] = defaultdict(list)
        for table, rule in zip(
            picked["object"].to_pylist(), picked["rule"].to_pylist(), strict=True
        ):
            held = found[of_rule[rule]]
            if len(held) < _TABLES and (not held or held[-1] != table):
                held.append(table)
        return found
