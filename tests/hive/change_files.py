"""Random files of grant changes over a small lake, odder than anybody writes them.

Names come in odd case and in quotes, statements name several privileges and principals, roles
and tables are dropped and made again, views and copies read what was renamed, the session
changes its role and its database, and about half of it is refused.
"""

import random
from collections.abc import Callable, Iterator

from tests.hive.hive_server import ADMIN, Mode

USERS = ("ann", "Ann", "bob", "cy", ADMIN)
ROLES = ("readers", "writers", "leads", "odd role")
DATABASES = ("chg", "other", "mine", "default")
_COLUMNS = ("id", "note")


def lake_statements(mode: Mode) -> Iterator[str]:
    """The lake that the files change, as its administrator makes it."""
    yield "SET ROLE ADMIN" if mode == "sql-standard" else f"GRANT ALL TO USER {ADMIN}"
    yield from (f"CREATE DATABASE {name}" for name in DATABASES[:2])
    for table in ("chg.pay", "chg.chat", "other.logs", "`default`.shared"):
        yield f"CREATE TABLE {table} (id int, note string)"
    yield "CREATE VIEW chg.shown AS SELECT id FROM chg.pay"
    yield from (f"CREATE ROLE `{role}`" for role in ROLES)
    yield "GRANT ROLE readers TO USER ann"
    yield "GRANT ROLE leads TO USER bob WITH ADMIN OPTION"
    yield "GRANT ROLE readers TO ROLE leads"
    yield "GRANT SELECT ON TABLE chg.pay TO ROLE readers"
    yield "GRANT ALL ON TABLE chg.chat TO USER bob WITH GRANT OPTION"
    yield "ALTER DATABASE other SET OWNER USER bob"
    if mode == "legacy":
        yield "GRANT CREATE ON DATABASE other TO USER bob"


def change_file(chance: random.Random, mode: Mode, runner: str, count: int) -> list[str]:
    """The statements of one file. The administrator begins as such."""
    drawn = _Drawn(chance, mode)
    found = [drawn.statement() for _ in range(count)]
    if runner == ADMIN and mode == "sql-standard":
        found.insert(0, "SET ROLE ADMIN")
    return found


class _Drawn:
    def __init__(self, chance: random.Random, mode: Mode) -> None:
        self._chance = chance
        self._standard = mode == "sql-standard"
        self._tables = ["chg.pay", "chg.chat", "chg.shown", "other.logs", "default.shared"]
        self._number = 0
        self._kinds: list[Callable[[], str]] = [
            *[self._grant] * 7,
            *[self._revoke] * 7,
            *[self._grant_role] * 4,
            *[self._revoke_role] * 3,
            *[self._set_owner] * 2,
            self._rename,
            *[self._create] * 3,
            self._drop,
            self._database,
            self._use,
            self._role,
            self._role,
            self._properties,
            self._columns,
        ]
        if self._standard:
            self._kinds += [self._set_role] * 2

    def statement(self) -> str:
        return self._chance.choice(self._kinds)()

    def _one(self, *words: str) -> str:
        return self._chance.choice(words)

    def _times(self, *numbers: int) -> int:
        return self._chance.choice(numbers)

    def _cased(self, word: str) -> str:
        return self._one(word, word, word.upper(), word.title())

    def _grant(self) -> str:
        option = self._one("", "", " WITH GRANT OPTION")
        return f"GRANT {self._what()} {self._on()} TO {self._whom()}{option}"

    def _revoke(self) -> str:
        option = self._one("", "", "GRANT OPTION FOR ")
        return f"REVOKE {option}{self._what()} {self._on()} FROM {self._whom()}"

    def _what(self) -> str:
        known = ("SELECT", "select", "Insert", "UPDATE", "DELETE", "ALL", "SELECT", "SELECT")
        more = ("CREATE", "ALTER", "DROP", "LOCK", "INDEX", "SHOW_DATABASE")
        if not self._standard and self._chance.random() < 0.2:
            return self._one("SELECT (id)", "SELECT (note, ID)", "UPDATE (id), SELECT", "ALL (id)")
        pool = known if self._chance.random() < (0.95 if self._standard else 0.6) else more
        return ", ".join(self._chance.sample(pool, self._times(1, 1, 1, 2, 3)))

    def _on(self) -> str:
        draw = self._chance.random()
        if draw < 0.08:
            return f"ON {self._one('DATABASE', 'SCHEMA')} {self._cased(self._one(*DATABASES))}"
        if draw < 0.11:
            return "" if not self._standard else "ON TABLE chg.gone"
        return f"ON {self._one('TABLE ', '')}{self._table()}"

    def _table(self) -> str:
        name = self._chance.choice(self._tables)
        database, _, table = name.partition(".")
        if self._chance.random() < 0.15:
            return self._shown(table)
        return f"{self._shown(database)}.{self._shown(table)}"

    def _shown(self, name: str) -> str:
        name = self._cased(name) if self._chance.random() < 0.3 else name
        plain = name.replace("_", "").isalnum() and name.lower() != "default"
        return f"`{name}`" if not plain or self._chance.random() < 0.2 else name

    def _whom(self) -> str:
        return ", ".join(self._principal() for _ in range(self._times(1, 1, 1, 1, 2)))

    def _principal(self) -> str:
        draw = self._chance.random()
        if draw < 0.04:
            return "GROUP staff"
        if draw < 0.09:
            return f"ROLE {self._one('public', 'PUBLIC', 'admin', 'nobody_made')}"
        if draw < 0.5:
            return f"ROLE {self._role_name()}"
        return f"USER {self._shown_user()}"

    def _shown_user(self) -> str:
        return self._one(*USERS, "`ann`")

    def _role_name(self) -> str:
        role = self._one(*ROLES)
        role = self._cased(role) if self._chance.random() < 0.3 else role
        return f"`{role}`" if " " in role or self._chance.random() < 0.2 else role

    def _roles(self) -> str:
        names = [self._role_name() for _ in range(self._times(1, 1, 1, 2))]
        if self._chance.random() < 0.06:
            names[0] = self._one("public", "nobody_made")
        return ", ".join(names)

    def _grant_role(self) -> str:
        option = self._one("", "", " WITH ADMIN OPTION")
        return f"GRANT {self._one('ROLE ', '')}{self._roles()} TO {self._whom()}{option}"

    def _revoke_role(self) -> str:
        option = self._one("", "", "ADMIN OPTION FOR ")
        return f"REVOKE {option}{self._one('ROLE ', '')}{self._roles()} FROM {self._whom()}"

    def _set_owner(self) -> str:
        owner = self._one("USER bob", "USER ann", "USER Ann", "ROLE readers", "ROLE Leads")
        owner = "GROUP g" if self._chance.random() < 0.1 else owner
        if self._chance.random() < 0.3:
            return f"ALTER DATABASE {self._cased(self._one(*DATABASES))} SET OWNER {owner}"
        return f"ALTER TABLE {self._table()} SET OWNER {owner}"

    def _rename(self) -> str:
        old = self._table()
        new = f"{self._one('chg', 'other', 'mine', 'Other', 'nowhere')}.{self._new_name('moved')}"
        if self._chance.random() < 0.2:
            new = new.partition(".")[2]
        return f"ALTER {self._one('TABLE', 'TABLE', 'VIEW')} {old} RENAME TO {new}"

    def _new_name(self, stem: str) -> str:
        self._number += 1
        name = f"{stem}_{self._chance.randrange(10**6)}"
        self._tables += [f"{database}.{name}" for database in ("chg", "other")]
        return name

    def _place(self, stem: str) -> str:
        if self._chance.random() < 0.5:
            return self._table()
        database = self._one("chg.", "other.", "`default`.", "mine.", "")
        return f"{database}{self._new_name(stem)}"

    def _create(self) -> str:
        lenient = self._one("", "", "IF NOT EXISTS ")
        return self._one(
            f"CREATE TABLE {lenient}{self._place('made')} (id int, note string)",
            f"CREATE TABLE {lenient}{self._place('like')} LIKE {self._table()}",
            f"CREATE TEMPORARY TABLE temp_{self._chance.randrange(10**6)} (id int)",
            f"CREATE VIEW {lenient}{self._place('view')} AS SELECT id FROM {self._table()}",
            f"CREATE VIEW {lenient}{self._place('view')} AS SELECT id FROM {self._table()}",
            f"CREATE OR REPLACE VIEW {self._place('view')} AS SELECT * FROM {self._table()}",
            f"ALTER VIEW {self._table()} AS SELECT id FROM {self._table()}",
        )

    def _drop(self) -> str:
        kind = self._one("TABLE", "TABLE", "VIEW")
        return f"DROP {kind} {self._one('', 'IF EXISTS ')}{self._table()}"

    def _database(self) -> str:
        return self._one(
            "CREATE DATABASE mine",
            "CREATE DATABASE IF NOT EXISTS mine",
            "CREATE SCHEMA Mine",
            "DROP DATABASE mine",
            "DROP DATABASE IF EXISTS mine CASCADE",
            "DROP SCHEMA other RESTRICT",
            "DROP DATABASE nowhere",
        )

    def _use(self) -> str:
        return f"USE {self._cased(self._one('chg', 'other', 'mine', 'nowhere', 'chg'))}"

    def _role(self) -> str:
        return f"{self._one('CREATE', 'DROP')} ROLE {self._role_name()}"

    def _set_role(self) -> str:
        return (
            f"SET ROLE {self._one('ADMIN', 'admin', 'ALL', 'NONE', 'readers', 'LEADS', 'public')}"
        )

    def _properties(self) -> str:
        return self._one(
            f"ALTER TABLE {self._table()} SET TBLPROPERTIES ('owner_team'='x')",
            f"ALTER TABLE {self._table()} UNSET TBLPROPERTIES IF EXISTS ('owner_team')",
            f"ALTER VIEW {self._table()} SET TBLPROPERTIES ('owner_team'='y')",
            f"ALTER DATABASE {self._one(*DATABASES)} SET DBPROPERTIES ('a'='b')",
        )

    def _columns(self) -> str:
        return self._one(
            f"ALTER TABLE {self._table()} ADD COLUMNS (more_{self._chance.randrange(99)} int)",
            f"ALTER TABLE {self._table()} CHANGE COLUMN note Note2 string",
            f"ALTER TABLE {self._table()} REPLACE COLUMNS (id int, note string)",
        )
