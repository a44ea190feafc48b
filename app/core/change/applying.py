"""Applies the statements of a change, in order, to a copy-on-write overlay of a snapshot."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from app.core.change import altering, databases, granting, objects, roles
from app.core.change.causes import Cause, Holding, Taking
from app.core.change.classes import ChangedClasses
from app.core.change.deciding import DecideAfter
from app.core.change.locations import table_beside
from app.core.change.lookup import ChangedLookup
from app.core.change.memberships import ChangedMemberships
from app.core.change.notes import Kind, Note, Refused
from app.core.change.runner import ADMIN, DEFAULT, Runner
from app.core.change.session import Session
from app.core.change.touched import Touched, find_touched
from app.core.change.view import ChangedView, NamedView
from app.core.classes import Classification
from app.core.frozen import frozen
from app.core.lake_view import LakeView
from app.core.statements import types as said
from app.core.statements.types import ObjectRef, Span, Statement

_APPLY: Mapping[type[Statement], Callable[[Session, Any], None]] = {
    said.Grant: granting.grant,
    said.Revoke: granting.revoke,
    said.GrantRole: roles.grant_role,
    said.RevokeRole: roles.revoke_role,
    said.CreateRole: roles.create_role,
    said.DropRole: roles.drop_role,
    said.SetRole: roles.set_role,
    said.SetOwner: altering.set_owner,
    said.Rename: altering.rename,
    said.SetProperties: altering.set_properties,
    said.SetColumns: altering.set_columns,
    said.CreateTable: objects.create_table,
    said.CreateView: objects.create_view,
    said.CopyInto: objects.copy_into,
    said.DropTable: objects.drop_table,
    said.CreateDatabase: databases.create_database,
    said.DropDatabase: databases.drop_database,
    said.Use: databases.use,
}

#: What changes who may do what, and nothing else: without authorization it changes nothing.
_OF_GRANTS = (said.Grant, said.Revoke, said.GrantRole, said.RevokeRole, said.SetRole)


#: Those of roles, which Trino keeps for itself unless a catalog is named.
_OF_ROLES = (said.GrantRole, said.RevokeRole, said.CreateRole, said.DropRole, said.SetRole)

#: Kinds of object that a Hive metastore holds; `` where a statement names none.
_HIVES_KINDS = ("", "table", "view", "database")


@frozen(slots=False)
class Change:
    """A change applied. `before` is the lake as it is, with every name the change brings.

    `refused` are the statements that the engine would not run as they stand; the others
    took effect.
    """

    statements: tuple[Statement, ...]
    runner: str | None
    before: LakeView
    after: ChangedView
    notes: tuple[Note, ...]
    causes: tuple[Cause, ...]
    takings: tuple[Taking, ...]
    holdings: Mapping[int, Sequence[Holding]]

    @cached_property
    def touched(self) -> Touched:
        """The tables, databases and people whose access may be another."""
        return find_touched(self.before, self.after, self.causes)

    def notes_of(self, statement: Statement) -> tuple[Note, ...]:
        """What is to be said of one statement."""
        return tuple(note for note in self.notes if note.statement is statement)

    @property
    def refused(self) -> tuple[Note, ...]:
        """Why the engine would refuse statements, or what they name is not there."""
        return tuple(note for note in self.notes if note.kind in (Kind.REFUSED, Kind.MISSING))


def apply(
    view: LakeView,
    statements: Sequence[Statement],
    runner: str | None = None,
    *,
    classification: Classification | None = None,
) -> Change:
    """What a lake is after some statements, run in order and in one session for each file.

    runner: who runs them, with ADMIN as current role where he may take it and no SET ROLE
    says otherwise; None where nobody said. classification: the rules by which what is made
    gets its classes; without them it gets none but those of the data it holds.
    """
    plain = None if isinstance(view.lookup, ChangedLookup) else view.lookup
    lookup = ChangedLookup(view.snapshot, plain)
    session = Session(
        lookup=lookup,
        runner=_runner(view, lookup, runner),
        mode=view.mode,
        engine_groups=view.engine_groups,
        catalogs=view.catalogs,
    )
    file = None
    for statement in statements:
        if statement.file != file:
            file = statement.file
            session.current = "default"
            session.runner.role = _first_role(session.runner)
        _apply_one(session, statement)
    return _change(view, tuple(statements), runner, session, classification)


def _apply_one(session: Session, statement: Statement) -> None:
    if isinstance(statement, said.Unparsed):
        session.note(statement, Kind.UNKNOWN, statement.reason, statement.guilty)
    elif isinstance(statement, said.Deny):
        session.note(
            statement, Kind.UNKNOWN, "DENY has no form in Hive: what it denies stays as it is"
        )
    elif session.mode.name == "off" and isinstance(statement, _OF_GRANTS):
        session.note(statement, Kind.NO_EFFECT, "authorization is off: nothing reads grants")
    elif (why := _beside_hive(statement) or _over_files(session, statement)) is not None:
        session.note(statement, Kind.UNKNOWN, *why)
    elif type(statement) in _APPLY:
        try:
            _APPLY[type(statement)](session, statement)
        except Refused as refused:
            session.note(statement, refused.kind, refused.reason, refused.span)
    elif not isinstance(statement, said.NoEffect):
        session.note(statement, Kind.UNKNOWN, "what it does is not known here")


def _beside_hive(statement: Statement) -> tuple[str, Span | None] | None:
    """Why a statement of another engine is about nothing that a Hive metastore holds."""
    ref: ObjectRef | None = getattr(statement, "object", None)
    if ref is not None and not isinstance(statement, said.Use) and ref.kind not in _HIVES_KINDS:
        return f"a Hive metastore has no {ref.kind} to grant or own", ref.span
    if isinstance(statement, said.CreateTable) and statement.replace:
        why = "what is left of a table's grants when it is replaced is not known"
        return why, statement.object.span
    if statement.dialect == "trino" and isinstance(statement, _OF_ROLES) and not statement.catalog:
        return "without IN catalog it is about roles of Trino's own, which are not read here", None
    return None


def _over_files(session: Session, statement: Statement) -> tuple[str, Span | None] | None:
    """Why a table laid over files that another table shows cannot be judged."""
    if not isinstance(statement, said.CreateTable | said.CreateDatabase) or not statement.location:
        return None
    other = table_beside(session.lookup.snapshot, statement.location)
    if other is None:
        return None
    name = session.lookup.table_name(other)
    return f"its location shows files of {name}, whoever may read those", statement.object.span


def _runner(view: LakeView, lookup: ChangedLookup, user: str | None) -> Runner:
    memberships = ChangedMemberships(lookup, view.engine_groups, view.mode.uses_groups)
    runner = Runner(user, DEFAULT, view.mode, lookup, memberships, view.engine_groups)
    runner.role = _first_role(runner)
    return runner


def _first_role(runner: Runner) -> str:
    may = runner.user is None or ADMIN in runner.all_roles()
    return ADMIN if runner.is_sql_standard and may else DEFAULT


def _names(session: Session) -> tuple[frozenset[str], frozenset[str]]:
    """The users and the groups that the change names."""
    lookup = session.lookup
    named = {(row.principal_type, row.principal) for row in lookup.written.values()}
    named.update(lookup.members)
    # SQL-standard compares a table's owner with user names, whatever its type.
    named.update(("USER", table.owner or "") for table in lookup.tables.values())
    named.update(
        ("USER", database.owner or "")
        for database in lookup.databases.values()
        if database.owner_type in (None, "USER")
    )
    named.add(("USER", session.user or ""))
    users = frozenset(name for kind, name in named if kind == "USER" and name)
    return users, frozenset(name for kind, name in named if kind == "GROUP" and name)


def _change(
    view: LakeView,
    statements: tuple[Statement, ...],
    runner: str | None,
    session: Session,
    classification: Classification | None,
) -> Change:
    fixed = {
        "lake": view.lake,
        "snapshot": view.snapshot,
        "mode": view.mode,
        "engine_groups": view.engine_groups,
        "everyone_at": view.everyone_at,
        "compile_judge": view.compile_judge,
    }
    classes = ChangedClasses(view, session.lookup, session.holdings, classification)
    before = NamedView(
        **fixed,  # type: ignore[arg-type]
        classes_of=classes.before,
        decide_one=view.decide_one,
        base=view,
        names=partial(_names, session),
    )
    decide = DecideAfter(view, session.lookup)
    after = ChangedView(
        **fixed,  # type: ignore[arg-type]
        classes_of=classes.after,
        decide_one=decide,
        before=before,
        changed=session.lookup,
    )
    decide.after = after
    return Change(
        statements=statements,
        runner=runner,
        before=before,
        after=after,
        notes=tuple(session.notes),
        causes=tuple(session.causes),
        takings=tuple(session.takings),
        holdings=session.holdings,
    )
