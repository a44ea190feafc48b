"""Pieces of a plan: what each takes away, the statements for it, and how to undo them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.core.incidents import MendStatement
from app.core.lookup import Lookup
from app.core.memberships import Subject
from app.core.names import ObjectName
from app.core.plans import hiveql
from app.core.plans.actors import ADMIN_WORDS, ANYONE_AT_ALL, Actors
from app.core.plans.change import Edge, LakeChange, NewGrant
from app.core.rights.grant_rows import GrantRow

_ORDER = {name: place for place, name in enumerate(("ALL", "SELECT", "INSERT", "UPDATE", "DELETE"))}


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that goes together, with its statements in the order Hive accepts.

    cannot: why nobody can do it; then there are no statements and `change` is empty.
    """

    change: LakeChange
    statements: tuple[MendStatement, ...]
    undo: tuple[MendStatement, ...] = ()
    cannot: str = ""
    role: str = ""  # of the memberships that go, where it is nothing else

    @property
    def cost(self) -> int:
        """How many statements."""
        return len(self.statements)


def together(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The same, memberships of one role said in one statement: Hive takes a list of members."""
    cuts: dict[tuple[str, str, str], list[Piece]] = defaultdict(list)
    rest = []
    for piece in pieces:
        if piece.change.cut and piece.role:
            said = piece.statements[0]
            cuts[piece.role, said.run_as, said.set_role].append(piece)
        else:
            rest.append(piece)
    merged = [_one_statement(role, same) for (role, _, _), same in sorted(cuts.items())]
    return (*merged, *rest)


def _one_statement(role: str, pieces: Sequence[Piece]) -> Piece:
    members = sorted(member for piece in pieces for member, _ in piece.change.cut)
    first = pieces[0]
    return Piece(
        joined(pieces),
        (replace(first.statements[0], sql=hiveql.revoke_role(role, members)),),
        (replace(first.undo[0], sql=hiveql.grant_role(role, members)),),
        role=role,
    )


def joined(pieces: Iterable[Piece]) -> LakeChange:
    """All that some pieces change."""
    found = LakeChange()
    for piece in pieces:
        change = piece.change
        found = LakeChange(
            rows=found.rows | change.rows,
            optionless=found.optionless | change.optionless,
            granted=found.granted + change.granted,
            cut=found.cut | change.cut,
            joined=found.joined | change.joined,
            owners={**found.owners, **change.owners},
        )
    return found


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A grant with the object it stands on (its ordinals)."""

    row: GrantRow
    table: int | None = None
    database: int | None = None


class PieceMaker:
    """Writes the statements for taking rows and memberships away."""

    def __init__(self, lookup: Lookup, actors: Actors, *, undo: bool = True) -> None:
        """undo: whether the statements that undo a grant's piece are wanted as well."""
        self._lookup = lookup
        self._actors = actors
        self._undo = undo

    def memberships(self, role: str, members: Sequence[Edge]) -> Piece:
        """Members leave a role: one statement for all of them."""
        run_as, set_role, why = self._actors.for_roles(role)
        if not run_as:
            return Piece(LakeChange(), (), cannot=why)
        subjects = [member for member, _ in members]
        return Piece(
            LakeChange(cut=frozenset(members)),
            (MendStatement(hiveql.revoke_role(role, subjects), run_as, why, set_role),),
            (MendStatement(hiveql.grant_role(role, subjects), run_as, "as it was", set_role),),
            role=role,
        )

    def grants(
        self, rows: Sequence[PlacedRow], *, options_only: frozenset[int] = frozenset()
    ) -> list[Piece]:
        """Grants to one principal go: a piece for each object.

        options_only: rows that lose their grant option and no more.
        """
        by_object: dict[tuple[object, ...], list[PlacedRow]] = defaultdict(list)
        for placed in rows:
            row = placed.row
            where = (row.level, placed.table, placed.database, row.column, row.partition)
            by_object[tuple("" if part is None else part for part in where)].append(placed)
        return [
            self._on_one(by_object[where], options_only)
            for where in sorted(by_object, key=lambda key: tuple(map(str, key)))
        ]

    def _on_one(self, rows: list[PlacedRow], options_only: frozenset[int]) -> Piece:
        first = rows[0]
        where, cannot = self._where(first)
        cannot = cannot or self._unspeakable(rows)
        if cannot:
            return Piece(LakeChange(), (), cannot=cannot)
        by_privilege: dict[tuple[str, bool], list[GrantRow]] = defaultdict(list)
        for placed in rows:
            only = placed.row.row in options_only
            by_privilege[placed.row.privilege, only].append(placed.row)
        parts = [
            self._one_privilege(privilege, sorted(held, key=_in_order), where, only, first)
            for (privilege, only), held in sorted(by_privilege.items(), key=_by_privilege)
        ]
        failed = [part.cannot for part in parts if part.cannot]
        if failed:
            return Piece(LakeChange(), (), cannot=failed[0])
        return Piece(
            joined(parts),
            _merged([part.statements for part in parts]),
            _merged([part.undo for part in parts]),
        )

    def _where(self, placed: PlacedRow) -> tuple[str, str]:
        """` ON TABLE …`, and why it cannot be said."""
        row, guarded = placed.row, self._actors.guarded
        if row.partition is not None:
            return "", "rights on partitions are taken back partition by partition, by hand"
        if guarded and row.level not in ("table", "database"):
            return "", f"SQL-standard authorization has no statement for {row.level} grants"
        name: ObjectName | None = None
        if placed.table is not None:
            name = self._lookup.table_name(placed.table)
        elif placed.database is not None:
            name = self._lookup.database_name(placed.database)
        return hiveql.on_object(name), hiveql.cannot_name(name) if name else ""

    def _unspeakable(self, rows: Iterable[PlacedRow]) -> str:
        for placed in rows:
            row = placed.row
            if row.privilege != row.privilege.upper():
                return f"REVOKE does not find a row that says {row.privilege!r} ({row.source})"
            if self._actors.guarded:
                if row.principal_type not in ("USER", "ROLE"):
                    return f"SQL-standard authorization has no {row.principal_type} to name"
                if row.principal_type == "ROLE" and row.principal != row.principal.lower():
                    return f"SQL-standard authorization folds names: {row.principal} is not found"
                if row.privilege not in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                    return f"SQL-standard authorization has no privilege {row.privilege}"
        return ""

    def _one_privilege(
        self, privilege: str, rows: list[GrantRow], where: str, only: bool, placed: PlacedRow
    ) -> Piece:
        subject = (rows[0].principal_type, rows[0].principal)
        said = privilege if rows[0].column is None else f"{privilege} ({_column(rows[0])})"
        numbers = frozenset(row.row for row in rows)
        sql = hiveql.revoke((said,), where, subject, option=only)
        undo = tuple(
            MendStatement(
                hiveql.grant((said,), where, (subject,), option=bool(row.grant_option)),
                f"user:{row.grantor}" if self._actors.guarded else ANYONE_AT_ALL,
                "as it was",
            )
            for row in (rows if self._undo else ())
        )
        change = LakeChange(optionless=numbers) if only else LakeChange(rows=numbers)
        if not self._actors.guarded:
            why = "legacy authorization asks nobody; one REVOKE takes one row"
            return Piece(change, (MendStatement(sql, ANYONE_AT_ALL, why),) * len(rows), undo)
        if all(self._actors.may_revoke(row) for row in rows):
            statements = tuple(
                MendStatement(sql, f"user:{row.grantor}", f"granted {row.source}") for row in rows
            )
            return Piece(change, statements, undo)
        last = rows[-1]
        if self._actors.may_revoke(last) and not only:
            why = f"granted {last.source}; each REVOKE of his takes the first row there is"
            return Piece(
                change, (MendStatement(sql, f"user:{last.grantor}", why),) * len(rows), undo
            )
        return self._by_administrator(privilege, rows, where, subject, only, undo, placed)

    def _by_administrator(
        self,
        privilege: str,
        rows: list[GrantRow],
        where: str,
        subject: Subject,
        only: bool,
        undo: tuple[MendStatement, ...],
        placed: PlacedRow,
    ) -> Piece:
        """The grantor is gone: an administrator grants the same, and takes all there are.

        Where only the grant option goes, his own row, which has none, stays.
        """
        administrators = self._actors.administrators()
        gone = rows[-1].grantor
        if not administrators:
            return Piece(
                LakeChange(),
                (),
                cannot=f"only {gone} could take back {rows[-1].source}, and he is not there; "
                "no administrator is active",
            )
        who = f"user:{administrators[0]}"
        why = f"{gone}, who granted {rows[-1].source}, does not take it back"
        first = MendStatement(
            hiveql.grant((privilege,), where, (subject,)),
            who,
            f"{why}: an own row lets an administrator revoke",
            ADMIN_WORDS,
        )
        take = MendStatement(
            hiveql.revoke((privilege,), where, subject),
            who,
            "takes the first row there is; run as often as it stands here",
            ADMIN_WORDS,
        )
        numbers = frozenset(row.row for row in rows)
        if only and placed.table is not None:
            kept = (NewGrant(placed.table, *subject, privilege),)
            change = LakeChange(rows=numbers, granted=kept)
            return Piece(change, (first, *(take,) * len(rows)), undo)
        return Piece(LakeChange(rows=numbers), (first, *(take,) * (len(rows) + 1)), undo)


def _column(row: GrantRow) -> str:
    return hiveql.identifier(row.column or "")


def _in_order(row: GrantRow) -> tuple[int, int]:
    return (row.row if row.source_row is None else row.source_row, row.row)


def _by_privilege(item: tuple[tuple[str, bool], object]) -> tuple[bool, int, str]:
    (privilege, only), _ = item
    return only, _ORDER.get(privilege, len(_ORDER)), privilege


def _merged(sequences: Sequence[tuple[MendStatement, ...]]) -> tuple[MendStatement, ...]:
    """Equal sequences for several privileges of one object, said in one statement each."""
    if len(sequences) == 1:
        return sequences[0]
    made: dict[tuple[object, ...], list[tuple[MendStatement, ...]]] = defaultdict(list)
    for sequence in sequences:
        shape = tuple((each.run_as, each.set_role, *_around(each.sql)) for each in sequence)
        made[shape].append(sequence)
    found: list[MendStatement] = []
    for same in made.values():
        for together in zip(*same, strict=True):
            head, tail = _around(together[0].sql)
            names = ", ".join(each.sql[len(head) : -len(tail)] for each in together)
            found.append(replace(together[0], sql=f"{head}{names}{tail}"))
    return tuple(found)


def _around(sql: str) -> tuple[str, str]:
    """The text before and after a statement's one privilege."""
    heads = ("REVOKE GRANT OPTION FOR ", "REVOKE ", "GRANT ")
    head = next(each for each in heads if sql.startswith(each))
    # No privilege holds these words; a column's name in it is quoted where it does.
    places = (sql.find(word, len(head)) for word in (" ON ", " TO ", " FROM "))
    return head, sql[min(place for place in places if place >= 0) :]
