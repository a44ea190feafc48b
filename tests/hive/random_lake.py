"""A random lake as statements: databases, tables, views, roles, grants, owners, from a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.hive.hive_server import ADMIN, Mode
from tests.hive.lake_tables import quote

USERS = (
    *("ann", "Ann", "bob", "carl", "Dora.K", "eve-1", "frank x", "GINA", "hugo", "ivy"),
    *("analysts", "public", "lakeadmin", "stranger"),
)
"""Among them other cases of a name, names of roles, and somebody without any grant."""

NAMESAKES = ("ANN", "BOB", "Hugo", "Staff")
"""Names that differ in case from others: whoever has them holds nothing but `public`."""

GRANTEES = ("ann", "Ann", "bob", "carl", "Dora.K", "eve-1", "frank x", "GINA", "hugo", "ivy")
ROLES = ("analysts", "finance", "ops", "interns", "staff", "odd role", "select", "audit-2")
CASED_ROLES = ("Sales", "SALES", "sales")
GROUPS = ("everyone", "hr-team", "HR-Team", "data eng", "contractors")
DATABASES = ("hr", "sales", "ops-db")
TABLES = ("people", "orders", "chat", "keys", "odd-name", "select", "1abc", "a b")
COLUMNS = ("id", "name", "email", "weird col", "from", "x-y", "salary", "note")

_RIGHTS: dict[Mode, tuple[str, ...]] = {
    "sql-standard": (*["SELECT"] * 6, *["INSERT"] * 3, "UPDATE", "DELETE", "DELETE", "ALL"),
    "legacy": (
        *["SELECT"] * 6,
        *("UPDATE", "UPDATE", "UPDATE, CREATE", "UPDATE, CREATE", "CREATE"),
        *("ALTER", "ALTER", "DROP", "DROP", "LOCK", "ALL"),
    ),
}


@dataclass(frozen=True)
class Step:
    """Statements which one user runs in one session."""

    user: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Drawn:
    """What a lake was made of so far, for whoever draws changes of it. Names are quoted.

    storage: what stands behind the columns of a CREATE TABLE.
    granted: (rights, table, principal). members: (role, user).
    passable: those granted with grant option, (principal, rights, table).
    """

    mode: Mode
    storage: str
    tables: list[str]
    views: list[str]
    columns: dict[str, list[str]]
    roles: list[str]
    members: list[tuple[str, str]]
    granted: list[tuple[str, str, str]]
    passable: list[tuple[str, str, str]]


@dataclass
class RandomLake:
    """The plan of a lake. `acid` makes its tables transactional."""

    mode: Mode
    seed: int
    acid: bool = False
    memberships: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(f"{self.mode} {self.seed}")
        self._tables: list[str] = []
        self._views: list[str] = []
        self._columns: dict[str, list[str]] = {}
        self._members: list[tuple[str, str]] = []
        self._granted: list[tuple[str, str, str]] = []
        self._passable: list[tuple[str, str, str]] = []
        self._roles = list(ROLES) + (list(CASED_ROLES) if self.mode == "legacy" else [])
        for user in USERS:
            self.memberships[user] = self._some(GROUPS, 0.25)

    def steps(self) -> Iterator[Step]:
        """What to run, in this order; a few statements may be refused, which does no harm."""
        prelude = ("SET ROLE ADMIN",) if self.mode == "sql-standard" else ()
        if self.mode == "legacy":
            yield Step(ADMIN, (f"GRANT ALL TO USER {quote(ADMIN)}",))
        yield Step(ADMIN, (*prelude, *self._objects()))
        yield from self._objects_of_users()
        yield Step(ADMIN, (*prelude, *self._memberships(), *self._grants(120)))
        yield from self._grants_of_users()
        yield Step(ADMIN, (*prelude, *self._revokes(20), *self._owners()))

    @property
    def drawn(self) -> Drawn:
        """What the steps drawn so far made."""
        return Drawn(
            self.mode,
            self._storage,
            self._tables,
            self._views,
            self._columns,
            self._roles,
            self._members,
            self._granted,
            self._passable,
        )

    @property
    def _storage(self) -> str:
        return " STORED AS ORC TBLPROPERTIES ('transactional'='true')" if self.acid else ""

    def _objects(self) -> Iterator[str]:
        for database in DATABASES:
            yield f"CREATE DATABASE {quote(database)}"
        for database in ("default", *DATABASES):
            names = self._random.sample(TABLES, 5)
            for name in names:
                yield self._create_table(f"{quote(database)}.{quote(name)}")
            bases = [f"{quote(database)}.{quote(name)}" for name in names]
            yield from self._create_views(database, bases)
        if self.mode == "legacy":
            yield from self._table_with_rights_on_partitions()

    def _create_table(self, table: str) -> str:
        columns = self._random.sample(COLUMNS, self._random.randint(2, 4))
        self._columns[table] = columns
        self._tables.append(table)
        parts = ", ".join(f"{quote(c)} {self._random.choice(('int', 'string'))}" for c in columns)
        keys = " PARTITIONED BY (`day` string)" if self._random.random() < 0.3 else ""
        return f"CREATE TABLE {table} ({parts}){keys}{self._storage}"

    def _create_views(self, database: str, bases: list[str]) -> Iterator[str]:
        inner, outer = f"{quote(database)}.`a_view`", f"{quote(database)}.`view of view`"
        first = bases[0]
        yield f"CREATE VIEW {inner} AS SELECT * FROM {first}"
        yield f"CREATE VIEW {outer} AS SELECT * FROM {inner}"
        for view in (inner, outer):
            self._views.append(view)
            self._columns[view] = self._columns[first]
        stored = f"{quote(database)}.`stored_view`"
        one = self._columns[bases[1]][0]
        yield (
            f"CREATE MATERIALIZED VIEW {stored} DISABLE REWRITE AS "
            f"SELECT {quote(one)} FROM {bases[1]}"
        )
        self._views.append(stored)
        self._columns[stored] = [one]

    def _table_with_rights_on_partitions(self) -> Iterator[str]:
        table = "`hr`.`by_day`"
        yield f"CREATE TABLE {table} (`id` int, `note` string) PARTITIONED BY (`day` string)"
        yield f"ALTER TABLE {table} SET TBLPROPERTIES ('PARTITION_LEVEL_PRIVILEGE'='TRUE')"
        for day in ("1", "2"):
            for user in self._random.sample(GRANTEES, 4):
                yield f"GRANT SELECT ON TABLE {table} TO USER {quote(user)}"
            for user in self._random.sample(GRANTEES, 3):
                yield f"GRANT SELECT (`id`) ON TABLE {table} TO USER {quote(user)}"
            yield f"GRANT SELECT (`note`) ON TABLE {table} TO USER `ivy`"
            yield f"ALTER TABLE {table} ADD PARTITION (`day`='{day}')"
            yield f"REVOKE SELECT ON TABLE {table} FROM USER {quote(self._random.choice(GRANTEES))}"

    def _objects_of_users(self) -> Iterator[Step]:
        """Tables which users make themselves: Hive writes rows for their owners."""
        for user in self._random.sample(GRANTEES, 3):
            name = f"`default`.{quote(f'own of {user}'.lower().replace('.', ' '))}"
            before = f"GRANT CREATE ON DATABASE `default` TO USER {quote(user)}"
            statements = (before,) if self.mode == "legacy" else ()
            yield Step(user, (*statements, self._create_table(name)))

    def _memberships(self) -> Iterator[str]:
        for role in self._roles:
            yield f"CREATE ROLE {quote(role)}"
        for role in self._roles:
            for user in self._some(GRANTEES, 0.15):
                option = " WITH ADMIN OPTION" if self._random.random() < 0.2 else ""
                self._members.append((role, user))
                yield f"GRANT ROLE {quote(role)} TO USER {quote(user)}{option}"
        for lower, upper in zip(self._roles, self._roles[1:], strict=False):
            if self._random.random() < 0.5:
                yield f"GRANT ROLE {quote(upper)} TO ROLE {quote(lower)}"
        for _ in range(3):
            low, high = sorted(self._random.sample(range(len(self._roles)), 2))
            yield f"GRANT ROLE {quote(self._roles[high])} TO ROLE {quote(self._roles[low])}"
        yield f"GRANT ROLE {quote(self._random.choice(self._roles[-4:]))} TO ROLE `public`"
        yield f"GRANT ROLE {quote(self._random.choice(self._roles))} TO ROLE `admin`"
        yield f"GRANT ROLE `admin` TO ROLE {quote(self._random.choice(self._roles[:3]))}"
        yield f"GRANT ROLE `admin` TO USER {quote(self._random.choice(GRANTEES))}"
        if self.mode == "legacy":
            for group in GROUPS[:3]:
                role = quote(self._random.choice(self._roles))
                yield f"GRANT ROLE {role} TO GROUP {quote(group)}"

    def _grants(self, count: int) -> Iterator[str]:
        if self.mode == "legacy":
            yield from self._wide_grants()
        for _ in range(count):
            table = self._random.choice(self._tables + self._views)
            what = self._random.choice(_RIGHTS[self.mode])
            if self.mode == "legacy" and self._random.random() < 0.3:
                some = self._some(self._columns[table], 0.7) or self._columns[table][:1]
                what = f"SELECT ({', '.join(map(quote, some))})"
            principal = self._principal()
            self._granted.append((what, table, principal))
            option = " WITH GRANT OPTION" if self._random.random() < 0.3 else ""
            if option and principal.startswith("USER"):
                self._passable.append((principal, what, table))
            yield f"GRANT {what} ON TABLE {table} TO {principal}{option}"

    def _grants_of_users(self) -> Iterator[Step]:
        """What those pass on who hold a right with grant option, the same right included."""
        for holder, what, table in self._passable:
            statements = [f"GRANT {what} ON TABLE {table} TO {self._principal()}"]
            same = [grant for grant in self._granted if grant[0] == what]
            twice = self._random.choice(same)
            if twice[1] == table:
                statements.append(f"GRANT {what} ON TABLE {table} TO {twice[2]}")
            yield Step(holder.removeprefix("USER ").strip("`"), tuple(statements))

    def _wide_grants(self) -> Iterator[str]:
        for right in ("SELECT", "SELECT", "CREATE", "DROP", "UPDATE", "ALTER", "ALL"):
            database = self._random.choice(DATABASES)
            yield f"GRANT {right} ON DATABASE {quote(database)} TO {self._principal(open_odds=0)}"
        yield f"GRANT SELECT TO USER {quote(self._random.choice(GRANTEES))}"
        yield f"GRANT UPDATE TO USER {quote(self._random.choice(GRANTEES))}"
        yield f"GRANT ALL TO ROLE {quote(self._random.choice(self._roles))}"
        yield "GRANT SELECT TO ROLE `public`"
        yield f"GRANT CREATE TO GROUP {quote(self._random.choice(GROUPS))}"

    def _revokes(self, count: int) -> Iterator[str]:
        for what, table, principal in self._random.sample(self._granted, count):
            yield f"REVOKE {what} ON TABLE {table} FROM {principal}"
        for role, user in self._random.sample(self._members, 3):
            yield f"REVOKE ROLE {quote(role)} FROM USER {quote(user)}"

    def _owners(self) -> Iterator[str]:
        for table in self._random.sample(self._tables, 7):
            yield f"ALTER TABLE {table} SET OWNER {self._owner()}"
        for database in DATABASES[:2]:
            yield f"ALTER DATABASE {quote(database)} SET OWNER {self._owner()}"
        yield f"DROP ROLE {quote(self._roles[3])}"

    def _owner(self) -> str:
        if self._random.random() < 0.5:
            return f"USER {quote(self._random.choice(GRANTEES))}"
        return f"ROLE {quote(self._random.choice((*self._roles, 'public')))}"

    def _principal(self, open_odds: float = 0.04) -> str:
        draw = self._random.random()
        if draw < open_odds:
            return "ROLE `public`"
        if draw < 0.15 and self.mode == "legacy":
            return f"GROUP {quote(self._random.choice(GROUPS))}"
        if draw < 0.55:
            return f"ROLE {quote(self._random.choice(self._roles))}"
        return f"USER {quote(self._random.choice(GRANTEES))}"

    def _some(self, names: list[str] | tuple[str, ...], odds: float) -> list[str]:
        return [name for name in names if self._random.random() < odds]
