"""Random changes of a random lake that a real Hive already holds, as statements."""

import random
from collections.abc import Callable, Iterator

from tests.hive.hive_server import ADMIN
from tests.hive.lake_tables import quote
from tests.hive.random_lake import DATABASES, GRANTEES, GROUPS, Drawn, Step

_RIGHTS = {
    "sql-standard": ("SELECT", "SELECT", "INSERT", "UPDATE", "DELETE", "ALL"),
    "legacy": ("SELECT", "SELECT", "UPDATE", "CREATE", "UPDATE, CREATE", "ALTER", "DROP", "ALL"),
}


def random_changes(drawn: Drawn, chance: random.Random, count: int) -> Iterator[Step]:
    """So many changes, each in a session of its own where another user makes it.

    Some are refused, by their nature: whoever runs them counts them.
    """
    kinds = _Changes(drawn, chance)
    prelude = ("SET ROLE ADMIN",) if drawn.mode == "sql-standard" else ()
    statements = [kinds.draw() for _ in range(count)]
    yield Step(ADMIN, (*prelude, *statements))
    yield from kinds.of_users(max(1, count // 10))


class _Changes:
    def __init__(self, drawn: Drawn, chance: random.Random) -> None:
        self._drawn = drawn
        self._chance = chance
        self._kinds: list[Callable[[], str]] = [
            *[self._grant] * 6,
            *[self._revoke] * 4,
            *[self._revoke_option] * 3,
            *[self._grant_role] * 3,
            *[self._revoke_role] * 3,
            *[self._own_table] * 2,
            self._own_database,
            self._drop_role,
            self._create_role,
            self._role_of_role,
            self._role_of_public,
            self._not_of_public,
            self._rename,
            self._drop_table,
            self._create_table,
            self._view,
        ]
        if drawn.mode == "legacy":
            self._kinds += [*[self._wide] * 3, self._not_wide, self._columns, self._columns]

    def draw(self) -> str:
        """One change by the administrator."""
        return self._chance.choice(self._kinds)()

    def of_users(self, count: int) -> Iterator[Step]:
        """Grants that holders of a grant option pass on, and tables that users make."""
        for _ in range(count):
            if self._drawn.passable and self._chance.random() < 0.7:
                holder, what, table = self._chance.choice(self._drawn.passable)
                user = holder.removeprefix("USER ").strip("`")
                verb = self._chance.choice(("GRANT {} ON TABLE {} TO {}",) * 3 + (_REVOKE,))
                yield Step(user, (verb.format(what, table, self._principal()),))
            else:
                user = self._chance.choice(GRANTEES)
                name = f"`default`.{quote(f'made {self._chance.randrange(10**6)}')}"
                yield Step(
                    user, (f"CREATE TABLE {name} (`id` int, `note` string){self._drawn.storage}",)
                )
                self._drawn.tables.append(name)
                self._drawn.columns[name] = ["id", "note"]

    def _grant(self) -> str:
        what, table, principal = self._right(), self._object(), self._principal()
        self._drawn.granted.append((what, table, principal))
        option = " WITH GRANT OPTION" if self._chance.random() < 0.3 else ""
        if option and principal.startswith("USER"):
            self._drawn.passable.append((principal, what, table))
        return f"GRANT {what} ON TABLE {table} TO {principal}{option}"

    def _revoke(self) -> str:
        return _REVOKE.format(*self._chance.choice(self._drawn.granted))

    def _revoke_option(self) -> str:
        if not self._drawn.passable:
            return self._revoke()
        principal, what, table = self._chance.choice(self._drawn.passable)
        return f"REVOKE GRANT OPTION FOR {what} ON TABLE {table} FROM {principal}"

    def _grant_role(self) -> str:
        role, user = self._role(), self._chance.choice(GRANTEES)
        self._drawn.members.append((role, user))
        option = " WITH ADMIN OPTION" if self._chance.random() < 0.3 else ""
        return f"GRANT ROLE {quote(role)} TO USER {quote(user)}{option}"

    def _revoke_role(self) -> str:
        role, user = self._chance.choice(self._drawn.members)
        option = "ADMIN OPTION FOR " if self._chance.random() < 0.3 else ""
        return f"REVOKE {option}ROLE {quote(role)} FROM USER {quote(user)}"

    def _role_of_role(self) -> str:
        low, high = self._chance.sample(self._drawn.roles, 2)
        if self._chance.random() < 0.4:
            return f"REVOKE ROLE {quote(high)} FROM ROLE {quote(low)}"
        return f"GRANT ROLE {quote(high)} TO ROLE {quote(low)}"

    def _role_of_public(self) -> str:
        return f"GRANT ROLE {quote(self._role())} TO ROLE `public`"

    def _not_of_public(self) -> str:
        return f"REVOKE ROLE {quote(self._role())} FROM ROLE `public`"

    def _drop_role(self) -> str:
        return f"DROP ROLE {quote(self._role())}"

    def _create_role(self) -> str:
        return f"CREATE ROLE {quote(self._role())}"

    def _own_table(self) -> str:
        return f"ALTER TABLE {self._chance.choice(self._drawn.tables)} SET OWNER {self._owner()}"

    def _own_database(self) -> str:
        database = quote(self._chance.choice(DATABASES))
        return f"ALTER DATABASE {database} SET OWNER {self._owner()}"

    def _owner(self) -> str:
        kind = self._chance.choice(("USER", "USER", "ROLE", "ROLE", "GROUP"))
        if kind == "USER":
            return f"USER {quote(self._chance.choice(GRANTEES))}"
        if kind == "GROUP" and self._drawn.mode == "legacy":
            return f"GROUP {quote(self._chance.choice(GROUPS))}"
        return f"ROLE {quote(self._chance.choice((*self._drawn.roles, 'public', 'admin')))}"

    def _rename(self) -> str:
        old = self._chance.choice(self._drawn.tables)
        new = f"{old.removesuffix('`')} v{self._chance.randrange(10**4)}`"
        self._drawn.tables.append(new)
        self._drawn.columns[new] = self._drawn.columns[old]
        return f"ALTER TABLE {old} RENAME TO {new}"

    def _drop_table(self) -> str:
        return f"DROP TABLE IF EXISTS {self._chance.choice(self._drawn.tables)}"

    def _create_table(self) -> str:
        """Often one that was dropped: its old grants must not come back."""
        table = self._chance.choice(self._drawn.tables)
        columns = ", ".join(f"{quote(name)} string" for name in self._drawn.columns[table])
        return f"CREATE TABLE IF NOT EXISTS {table} ({columns}){self._drawn.storage}"

    def _view(self) -> str:
        base = self._chance.choice(self._drawn.tables)
        view = f"`default`.{quote(f'view {self._chance.randrange(10**6)}')}"
        self._drawn.views.append(view)
        self._drawn.columns[view] = self._drawn.columns[base]
        return f"CREATE VIEW {view} AS SELECT * FROM {base}"

    def _wide(self) -> str:
        right = self._chance.choice(("SELECT", "CREATE", "DROP", "UPDATE", "ALTER", "ALL"))
        if self._chance.random() < 0.25:
            # A global right to a user or group opens all there is: few of them.
            kind = self._chance.choice(("ROLE", "ROLE", "GROUP"))
            name = self._role() if kind == "ROLE" else self._chance.choice(GROUPS)
            return f"GRANT {right} TO {kind} {quote(name)}"
        database = quote(self._chance.choice(DATABASES))
        return f"GRANT {right} ON DATABASE {database} TO {self._principal()}"

    def _not_wide(self) -> str:
        right = self._chance.choice(("SELECT", "CREATE", "UPDATE", "ALL"))
        return f"REVOKE {right} FROM USER {quote(self._chance.choice(GRANTEES))}"

    def _columns(self) -> str:
        table = self._object()
        known = self._drawn.columns[table]
        some = self._chance.sample(known, self._chance.randint(1, len(known)))
        what = f"SELECT ({', '.join(map(quote, some))})"
        principal = self._principal()
        self._drawn.granted.append((what, table, principal))
        return f"GRANT {what} ON TABLE {table} TO {principal}"

    def _right(self) -> str:
        return self._chance.choice(_RIGHTS[self._drawn.mode])

    def _object(self) -> str:
        return self._chance.choice(self._drawn.tables + self._drawn.views)

    def _role(self) -> str:
        return self._chance.choice(self._drawn.roles)

    def _principal(self) -> str:
        draw = self._chance.random()
        if draw < 0.03:
            return "ROLE `public`"
        if draw < 0.15 and self._drawn.mode == "legacy":
            return f"GROUP {quote(self._chance.choice(GROUPS))}"
        if draw < 0.55:
            return f"ROLE {quote(self._role())}"
        return f"USER {quote(self._chance.choice(GRANTEES))}"


_REVOKE = "REVOKE {} ON TABLE {} FROM {}"
