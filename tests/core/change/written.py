"""Statements by hand, and random ones over the random lakes' names."""

import random
from collections.abc import Sequence
from typing import Any

from app.core.statements import types as said
from app.core.statements.types import ObjectRef, PrincipalRef, PrivilegeRef, Span
from tests.core.random_lakes import COLUMNS, GROUPS, ROLES, USERS

AT = Span(1, 1, 1, 2)
PEOPLE = (*USERS, "newcomer")
NEW_ROLES = ("made", "R9")
_STANDARD = ("SELECT", "INSERT", "UPDATE", "DELETE", "ALL")
_LEGACY = ("SELECT", "UPDATE", "CREATE", "DROP", "ALTER", "ALL")


def base(number: int = 1, dialect: str = "hive", text: str = "") -> dict[str, Any]:
    """The fields that every statement has."""
    return {
        "file": "change.sql",
        "number": number,
        "dialect": dialect,
        "span": AT,
        "text": text,
    }


def table(name: str, kind: str = "table") -> ObjectRef:
    """`db.table`, or a database for a name without a dot."""
    database, _, rest = name.partition(".")
    return ObjectRef("", database, rest, kind if rest else "database", AT)


def who(text: str) -> PrincipalRef:
    """`role:x`, `user:x` or `group:x`."""
    kind, _, name = text.partition(":")
    return PrincipalRef(kind.upper(), name, AT)


def privileges(*names: str, columns: Sequence[str] = ()) -> tuple[PrivilegeRef, ...]:
    """Privileges by name."""
    return tuple(PrivilegeRef(name, tuple(columns), AT) for name in names)


def grant(on: str | None, to: str, *names: str, option: bool = False, **more: Any) -> said.Grant:
    """GRANT names ON on TO to."""
    return said.Grant(
        **base(**more),
        privileges=privileges(*(names or ("SELECT",))),
        object=None if on is None else table(on),
        principals=tuple(who(each) for each in to.split(",")),
        with_grant_option=option,
    )


def revoke(on: str | None, of: str, *names: str, option: bool = False, **more: Any) -> said.Revoke:
    """REVOKE names ON on FROM of."""
    return said.Revoke(
        **base(**more),
        privileges=privileges(*(names or ("SELECT",))),
        object=None if on is None else table(on),
        principals=tuple(who(each) for each in of.split(",")),
        grant_option_only=option,
    )


def grant_role(role: str, to: str, option: bool = False, **more: Any) -> said.GrantRole:
    """GRANT ROLE role TO to."""
    return said.GrantRole(
        **base(**more),
        roles=(who(f"role:{role}"),),
        principals=tuple(who(each) for each in to.split(",")),
        with_admin_option=option,
    )


def revoke_role(role: str, of: str, option: bool = False, **more: Any) -> said.RevokeRole:
    """REVOKE ROLE role FROM of."""
    return said.RevokeRole(
        **base(**more),
        roles=(who(f"role:{role}"),),
        principals=tuple(who(each) for each in of.split(",")),
        admin_option_only=option,
    )


def create_as(name: str, query: str, **more: Any) -> said.CreateTable:
    """CREATE TABLE name AS query."""
    return said.CreateTable(**base(**more), object=table(name), query=query, query_span=AT)


def create_view(name: str, query: str, **more: Any) -> said.CreateView:
    """CREATE VIEW name AS query."""
    return said.CreateView(
        **base(),
        object=table(name, "view"),
        query=query,
        query_span=AT,
        **more,
    )


def random_statements(
    chance: random.Random, tables: Sequence[str], mode: str, count: int
) -> list[said.Statement]:
    """Statements that a random lake may be changed by; some are refused."""
    kinds = _Kinds(chance, list(tables), _STANDARD if mode == "sql-standard" else _LEGACY, mode)
    return [kinds.draw(number) for number in range(1, count + 1)]


class _Kinds:
    def __init__(
        self, chance: random.Random, tables: list[str], names: Sequence[str], mode: str
    ) -> None:
        self.chance = chance
        self.tables = tables
        self.names = names
        self.legacy = mode == "legacy"
        self.made = 0

    def draw(self, number: int) -> said.Statement:
        common = base(number)
        pick = self.chance.choice
        kind = pick("ggggrrrmmmnncdotlvxuR")
        if kind == "g":
            return grant(
                self._object(),
                self._who(),
                pick(self.names),
                option=pick((False, False, True)),
                number=number,
            )
        if kind == "r":
            return revoke(
                self._object(),
                self._who(),
                pick(self.names),
                option=pick((False, False, True)),
                number=number,
            )
        if kind == "m":
            return grant_role(self._role(), self._who(), option=pick((False, True)), number=number)
        if kind == "n":
            return revoke_role(self._role(), self._who(), number=number)
        role = PrincipalRef("ROLE", self._role(), AT)
        on = table(pick(self.tables))
        made = {
            "c": lambda: said.CreateRole(**common, role=role),
            "d": lambda: said.DropRole(**common, role=role),
            "o": lambda: said.SetOwner(**common, object=on, owner=who(self._who())),
            "t": lambda: said.CreateTable(**common, object=self._new(), columns=COLUMNS),
            "l": lambda: said.CreateTable(**common, object=self._new(), like=on),
            "v": lambda: said.CreateView(
                **common,
                object=self._new(),
                query=f"SELECT * FROM {pick(self.tables)}",
                query_span=AT,
            ),
            "x": lambda: said.DropTable(
                **common, object=ObjectRef("", on.database, on.name, "", AT)
            ),
            "u": lambda: said.SetOwner(
                **common, object=table(pick(("hr", "default"))), owner=who(self._who())
            ),
            "R": lambda: said.Rename(**common, object=on, to=self._new()),
        }
        return made[kind]()  # type: ignore[no-untyped-call]

    def _new(self) -> ObjectRef:
        self.made += 1
        database, word = self.chance.choice(("hr", "default")), self.chance.choice(("keys", "new"))
        name = f"{database}.{word}_{self.made}"
        self.tables.append(name)
        return table(name)

    def _object(self) -> str | None:
        draw = self.chance.random()
        if draw < 0.1:
            return self.chance.choice(("hr", "default"))
        return None if draw < 0.15 else self.chance.choice(self.tables)

    def _role(self) -> str:
        return self.chance.choice((*ROLES, *NEW_ROLES))

    def _who(self) -> str:
        draw = self.chance.random()
        if draw < 0.1 and self.legacy:
            return f"group:{self.chance.choice((*GROUPS, 'new group'))}"
        return f"user:{self.chance.choice(PEOPLE)}" if draw < 0.5 else f"role:{self._role()}"
