"""Statements in the lake's own dialect, quoted as Hive reads them.

Source: Hive 4.0.1, tried (tests/hive/test_plans_on_hive.py): names of tables, users and
roles may stand in backticks, backticks doubled; SQL-standard authorization folds a role's
name to lower case, so a role stored otherwise cannot be named at all.
"""

import re
from collections.abc import Iterable

from app.core.memberships import Subject
from app.core.names import DEFAULT_CATALOG, ObjectName, quote

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

#: Words that Hive reserves, and those that its grammar of grants gives a meaning.
_RESERVED_WORDS = """
    admin all alter and any array as asc authorization begin between bigint binary boolean both
    by cache case cast char column conf constraint create cross cube current cursor database
    date day decimal default delete desc describe distinct double drop else end except exchange
    exists explain extended external extract false fetch first float floor following for foreign
    from full function global grant group grouping having hour if import in index inner insert
    int integer intersect interval into is join lateral leading left less like limit local lock
    macro map merge minus minute month more no none not null numeric of offset on only option or
    order out outer over partialscan partition partitions percent preceding precision preserve
    primary procedure qualify range reads real reduce references regexp revoke right rlike role
    roles rollback rollup row rows second select set show smallint start sync table tablesample
    then time timestamp to transform trigger true truncate unbounded union unique uniquejoin
    unset update user users using utc_tmestamp values varchar view views when where window with
    year
"""
_RESERVED = frozenset(_RESERVED_WORDS.split())


def identifier(name: str) -> str:
    """A name, in backticks unless it is plain."""
    plain = _PLAIN.fullmatch(name) and name.lower() not in _RESERVED
    return name if plain else quote(name)


def object_text(name: ObjectName) -> str:
    """`db.table` or `db`."""
    return ".".join(identifier(part) for part in (name.database, name.table) if part)


def principal_text(subject: Subject) -> str:
    """`USER ann`, `ROLE r`, `GROUP g`."""
    return f"{subject[0]} {identifier(subject[1])}"


def _listed(principals: Iterable[Subject]) -> str:
    return ", ".join(principal_text(each) for each in principals)


def revoke(privileges: Iterable[str], where: str, subject: Subject, *, option: bool = False) -> str:
    """REVOKE of privileges, or of their grant option alone. where: see `on_object`."""
    said = "GRANT OPTION FOR " if option else ""
    return f"REVOKE {said}{', '.join(privileges)}{where} FROM {principal_text(subject)}"


def grant(
    privileges: Iterable[str], where: str, subjects: Iterable[Subject], *, option: bool = False
) -> str:
    """GRANT of privileges to some principals."""
    tail = " WITH GRANT OPTION" if option else ""
    return f"GRANT {', '.join(privileges)}{where} TO {_listed(subjects)}{tail}"


def on_object(name: ObjectName | None) -> str:
    """` ON TABLE db.t`, ` ON DATABASE db`, or nothing for a global grant."""
    if name is None:
        return ""
    return f" ON {'TABLE' if name.table else 'DATABASE'} {object_text(name)}"


def revoke_role(role: str, members: Iterable[Subject]) -> str:
    """REVOKE of a membership."""
    return f"REVOKE ROLE {_role(role)} FROM {_listed(members)}"


def grant_role(role: str, members: Iterable[Subject], *, admin_option: bool = False) -> str:
    """GRANT of a membership."""
    tail = " WITH ADMIN OPTION" if admin_option else ""
    return f"GRANT ROLE {_role(role)} TO {_listed(members)}{tail}"


def _role(role: str) -> str:
    # `REVOKE ROLE admin` is how Hive's own manual writes it; quoting it does no harm.
    return identifier(role)


def set_owner(name: ObjectName, user: str) -> str:
    """ALTER TABLE … SET OWNER."""
    return f"ALTER TABLE {object_text(name)} SET OWNER USER {identifier(user)}"


def cannot_name(name: ObjectName) -> str:
    """Why no statement can name an object; empty where one can."""
    if name.catalog != DEFAULT_CATALOG:
        return f"Hive's GRANT and REVOKE do not reach the catalog {name.catalog}"
    if any(part != part.lower() for part in (name.database, name.table)):
        return f"{name} is stored in another case than Hive asks for"
    return ""
