"""What the statements of a change share while they are applied: the overlay, the runner,
the current database, and what has been said and written so far."""

from dataclasses import dataclass, field

from app.core.change.causes import Cause, Holding, Taking, Wrote
from app.core.change.lookup import ChangedLookup
from app.core.change.memberships import ChangedMemberships
from app.core.change.notes import Kind, Note, Refused
from app.core.change.runner import Runner
from app.core.change.tables import MATERIALIZED_VIEW, VIEW
from app.core.lookup import Place
from app.core.names import DEFAULT_CATALOG, ObjectName
from app.core.rights.mode import AuthorizationMode
from app.core.statements.types import ObjectRef, PrincipalRef, Span, Statement


@dataclass
class Session:
    """The state of applying. Statement after statement writes to it."""

    lookup: ChangedLookup
    runner: Runner
    mode: AuthorizationMode
    engine_groups: str | None
    catalogs: frozenset[str]
    current: str = "default"
    notes: list[Note] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    holdings: dict[int, list[Holding]] = field(default_factory=dict)
    takings: list[Taking] = field(default_factory=list)

    @property
    def is_sql_standard(self) -> bool:
        """Whether the rules of SQL-standard authorization hold."""
        return self.runner.is_sql_standard

    @property
    def user(self) -> str | None:
        """Who runs it."""
        return self.runner.user

    def note(
        self, statement: Statement, kind: Kind, reason: str, span: Span | None = None, by: str = ""
    ) -> None:
        """Say something of a statement."""
        self.notes.append(Note(statement, kind, reason, span or statement.span, by))

    def wrote(self, statement: Statement, wrote: Wrote, span: Span, **what: object) -> None:
        """Remember what a statement wrote."""
        self.causes.append(Cause(statement, wrote, span, **what))  # type: ignore[arg-type]

    def memberships_changed(self) -> None:
        """Read memberships anew."""
        self.runner.memberships = ChangedMemberships(
            self.lookup, self.engine_groups, self.mode.uses_groups
        )

    def catalog(self, ref: ObjectRef, dialect: str) -> str:
        """The catalog of this lake that a statement means.

        Trino and Databricks call the catalog of a Hive metastore as they like.
        """
        if not ref.catalog or ref.catalog in self.catalogs:
            return ref.catalog or DEFAULT_CATALOG
        if dialect in ("trino", "databricks"):
            return DEFAULT_CATALOG
        raise Refused(f"there is no catalog {ref.catalog}", ref.span, Kind.MISSING)

    def database(self, ref: ObjectRef, dialect: str) -> int:
        """The database of an object, by ordinal. Raises Refused."""
        name = ref.database or self.current
        found = self.lookup.find_database(self.catalog(ref, dialect), name)
        if found is None:
            raise Refused(
                f"there is no database {name} in the snapshot or made before",
                ref.span,
                Kind.MISSING,
            )
        return found

    def find(self, ref: ObjectRef, dialect: str) -> Place | None:
        """A table or view, or None. Raises Refused where its database is not there."""
        database = self.database(ref, dialect)
        table = self.lookup.find_table(database, ref.name)
        if table is None:
            return None
        where = self.lookup.database_name(database)
        return Place(ObjectName(where.catalog, where.database, ref.name), database, table)

    def table(self, ref: ObjectRef, dialect: str) -> int:
        """A table or view that must be there. Raises Refused."""
        found = self.find(ref, dialect)
        if found is None or found.table is None:
            name = f"{ref.database or self.current}.{ref.name}"
            raise Refused(
                f"there is no table {name} in the snapshot or made before", ref.span, Kind.MISSING
            )
        return found.table

    def altered(self, ref: ObjectRef, dialect: str) -> int:
        """A table that ALTER TABLE, or a view that ALTER VIEW, is about. Raises Refused.

        Each refuses the other's, before anybody's rights are looked at. Source: Hive 4.0.1,
        tried; Trino says so too.
        """
        table = self.table(ref, dialect)
        kind = self.lookup.kind(table)
        if dialect in ("hive", "trino") and kind != MATERIALIZED_VIEW:
            what = "view" if kind == VIEW else "table"
            if ref.kind in ("table", "view") and ref.kind != what:
                why = f"{ref.name} is a {what}: only ALTER {what.upper()} alters it"
                raise Refused(why, ref.span)
        return table

    def place(self, table: int) -> Place:
        """A table by ordinal."""
        return Place(self.lookup.table_name(table), self.lookup.database_of(table), table)

    def database_place(self, database: int) -> Place:
        """A database by ordinal."""
        return Place(self.lookup.database_name(database), database)

    def need(self, right: str, place: Place, span: Span) -> None:
        """Raise Refused where the runner may not."""
        if not self.runner.may(right, place):
            raise Refused(f"{self.user} may not: it takes {right} on {place.name}", span)

    def need_admin(self, what: str, span: Span) -> None:
        """Raise Refused where SQL-standard asks for the role ADMIN and he does not have it now."""
        if self.is_sql_standard and not self.runner.is_admin:
            raise Refused(f"{self.user} may not {what} without SET ROLE ADMIN", span)

    def principal_name(self, ref: PrincipalRef) -> str:
        """A principal as the mode stores it: SQL-standard folds names of roles."""
        return ref.name.lower() if self.is_sql_standard and ref.kind == "ROLE" else ref.name

    def role(self, ref: PrincipalRef) -> str:
        """A role that must be there. Raises Refused."""
        name = self.principal_name(ref)
        if name != "public" and not self.lookup.has_role(name):
            raise Refused(
                f"there is no role {name} in the snapshot or made before", ref.span, Kind.MISSING
            )
        return name
