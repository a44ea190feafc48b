"""Which questions are put to a real Hive about a lake, for recordings and the differential."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.hive.hive_server import Mode
from tests.hive.lake_tables import LakeTable
from tests.hive.oracle import Oracle

Answer = tuple[str, str, str, str]
"""User, right, object, and `allowed` or `denied`."""


@dataclass(frozen=True)
class Asked:
    """What to ask about, and what share of it where one statement answers one question.

    acid: the tables are transactional, so UPDATE and DELETE can be asked.
    """

    mode: Mode
    users: tuple[str, ...]
    tables: tuple[LakeTable, ...]
    databases: tuple[str, ...]
    acid: bool = False
    share_of_tables: float = 1.0
    share_of_columns: float = 0.25
    share_of_other_rights: float = 0.2
    share_of_databases: float = 1.0


@dataclass(frozen=True)
class _Drawn:
    """What one user is asked about; nothing of it depends on an answer."""

    user: str
    tables: tuple[LakeTable, ...]
    databases: tuple[str, ...]
    other_rights: frozenset[LakeTable]
    columns: frozenset[LakeTable]


def answers(
    asked: Oracle, what: Asked, chance: random.Random, *, sessions: int = 1
) -> Iterator[Answer]:
    """Ask Hive, so many users at once, each over a session of his own; answers by user.

    Raises OracleError when Hive neither allows nor denies.
    """
    drawn = [_drawn(what, user, chance) for user in what.users]
    threads = ThreadPoolExecutor(sessions)
    try:
        for found in threads.map(lambda each: list(_answers_to(asked, what, each)), drawn):
            yield from found
    finally:  # when told to stop, wait for nobody
        threads.shutdown(wait=False, cancel_futures=True)


def _drawn(what: Asked, user: str, chance: random.Random) -> _Drawn:
    tables = [table for table in what.tables if chance.random() < what.share_of_tables]
    databases = [name for name in what.databases if chance.random() < what.share_of_databases]
    other_rights, columns = set(), set()
    for table in tables:
        if chance.random() < what.share_of_other_rights:
            other_rights.add(table)
        if what.mode == "legacy" and chance.random() < what.share_of_columns:
            columns.add(table)
    return _Drawn(
        user, tuple(tables), tuple(databases), frozenset(other_rights), frozenset(columns)
    )


def _answers_to(asked: Oracle, what: Asked, drawn: _Drawn) -> Iterator[Answer]:
    user, tables = drawn.user, list(drawn.tables)
    yield from _on_tables(user, "select", tables, asked.selectable(user, tables))
    targets = [table for table in tables if table.takes_inserts]
    yield from _on_tables(user, "insert", targets, asked.insertable(user, targets))
    for database in drawn.databases:
        yield user, "create", database, _word(asked.may_create(user, database))
    for table in tables:
        if table in drawn.other_rights:
            yield from _other_rights(asked, what.acid, user, table)
        if table in drawn.columns:
            readable = asked.readable_columns(user, table)
            for column in (*table.columns, *table.partition_keys):
                name = f"{table.full_name}.{column}"
                yield user, "select", name, _word(column in readable)
    asked.leave(user)


def _on_tables(
    user: str, right: str, tables: list[LakeTable], allowed: frozenset[LakeTable]
) -> Iterator[Answer]:
    for table in tables:
        yield user, right, table.full_name, _word(table in allowed)


def _other_rights(asked: Oracle, acid: bool, user: str, table: LakeTable) -> Iterator[Answer]:
    if table.kind != "MATERIALIZED_VIEW":
        yield user, "alter", table.full_name, _word(asked.may_alter(user, table))
    yield user, "drop", table.full_name, _word(asked.may_drop(user, table))
    if acid and table.takes_inserts:
        yield user, "update", table.full_name, _word(asked.may_update(user, table))
        yield user, "delete", table.full_name, _word(asked.may_delete(user, table))


def _word(allowed: bool) -> str:
    return "allowed" if allowed else "denied"
