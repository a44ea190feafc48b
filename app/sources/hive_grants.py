"""Roles, their members and grants through HiveServer2."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.core.facts import Progress
from app.core.names import DEFAULT_CATALOG, ObjectName
from app.sources.hive_objects import HiveGrant, LakeFacts, TableKey, partition_name
from app.sources.hive_session import HiveSession, StatementError
from app.sources.hive_sessions import HiveSessions
from app.sources.hive_text import list_of, quoted

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_RESERVED = frozenset({"all", "none", "default", "admin", "public", "user", "role", "group"})

#: Tables asked for their grants before it is believed that none will tell.
_PROBES = 3


class GrantReader:
    """Reads who was granted what; what is refused becomes a gap."""

    def __init__(self, sessions: HiveSessions, lake: LakeFacts, progress: Progress) -> None:
        self._sessions = sessions
        self._lake = lake
        self._progress = progress

    def roles(self) -> list[str]:
        """The names of all roles; none, and a gap, where they may not be listed."""
        try:
            return sorted(str(row[0]) for row in self._sessions.first.rows("SHOW ROLES"))
        except StatementError as problem:
            self._lake.gap(
                "grants",
                "",
                f"ROLES may not be read by this user: {problem}",
                "Which roles there are and who holds them",
            )
            return []

    def members(self, roles: Sequence[str]) -> list[tuple[Any, ...]]:
        """Rows of `role_members`."""
        found: list[tuple[Any, ...]] = []
        for done, (role, answer) in enumerate(self._sessions.each(list(roles), _members)):
            if isinstance(answer, str):
                self._lake.gap(
                    "grants",
                    "",
                    f"ROLE_MAP may not be read whole: members of role {role}: {answer}",
                    "Who holds the role",
                )
            else:
                found += answer
            self._progress("roles", done + 1, len(roles))
        return found

    def grants(
        self, tables: Sequence[tuple[str, str]], keys: Mapping[TableKey, tuple[str, ...]]
    ) -> list[HiveGrant]:
        """All grants that the server shows.

        tables: database and name of each, for a server that does not show all at once. keys:
        the partition keys of those that have some.
        """
        try:
            rows = self._sessions.first.named_rows("SHOW GRANT ON ALL")
        except StatementError as problem:
            rows = self._singly(tables, str(problem))
        found = [_grant(row, keys) for row in rows]
        if None in found:
            self._lake.gap(
                "grants",
                "",
                "PART_PRIVS may not be read whole: partitions whose values cannot be told apart",
                "Grants on partitions",
            )
        return [grant for grant in found if grant is not None]

    def _singly(self, tables: Sequence[tuple[str, str]], refused: str) -> list[dict[str, Any]]:
        """Table by table, where one statement does not show all."""
        self._lake.gap(
            "grants",
            "",
            f"GLOBAL_PRIVS may not be read by this user: SHOW GRANT ON ALL: {refused}",
            "Grants on the whole lake",
        )
        rows: list[dict[str, Any]] = []
        for probe in tables[:_PROBES]:
            if not isinstance(_grants_on(self._sessions.first, probe), str):
                break
        else:
            self._lake.gap(
                "grants",
                "",
                f"TBL_PRIVS may not be read by this user: SHOW GRANT: {refused}",
                "Every grant",
            )
            return []
        for done, (table, answer) in enumerate(self._sessions.each(list(tables), _grants_on)):
            if isinstance(answer, str):
                shown = str(ObjectName(DEFAULT_CATALOG, *table))
                self._lake.gap(
                    "grants",
                    shown,
                    f"TBL_PRIVS may not be read whole: grants on {shown}: {answer}",
                    "Who can reach it",
                )
            else:
                rows += answer
            self._progress("grants of tables", done + 1, len(tables))
        return rows


def _grants_on(session: HiveSession, table: tuple[str, str]) -> list[dict[str, Any]] | str:
    database, name = table
    try:
        return session.named_rows(f"SHOW GRANT ON TABLE {quoted(database)}.{quoted(name)}")
    except StatementError as problem:
        return str(problem)


def _members(session: HiveSession, role: str) -> list[tuple[Any, ...]] | str:
    # Older versions take a role's name here as it stands, backticks and all.
    plain = _PLAIN.fullmatch(role) and role not in _RESERVED
    try:
        rows = session.named_rows(f"SHOW PRINCIPALS {role if plain else quoted(role)}")
    except StatementError as problem:
        return str(problem)
    return [
        (
            row["principal_type"],
            row["principal_name"],
            role,
            bool(row["grant_option"]),
            row["grantor"] or None,
            row["grantor_type"] or None,
            _seconds(row["grant_time"]),
            None,
        )
        for row in rows
    ]


def _grant(row: Mapping[str, Any], keys: Mapping[TableKey, tuple[str, ...]]) -> HiveGrant | None:
    """One row of SHOW GRANT; None where its partition cannot be read."""
    database, table = row["database"] or "", row["table"] or ""
    columns, values = list_of(row["column"]), list_of(row["partition"])
    partition = None
    if values:
        names = keys.get((DEFAULT_CATALOG, database, table), ())
        if len(names) != len(values):
            return None
        partition = partition_name(names, values)
    return HiveGrant(
        level=_level(database, table, bool(columns), bool(values)),
        catalog=DEFAULT_CATALOG,
        database=database,
        table=table,
        principal_type=row["principal_type"],
        principal=row["principal_name"],
        privilege=row["privilege"],
        grant_option=row["grant_option"],
        grantor=row["grantor"] or None,
        create_time=_seconds(row["grant_time"]),
        column=", ".join(columns) or None,
        partition=partition,
    )


def _level(database: str, table: str, has_column: bool, has_partition: bool) -> str:
    if not database:
        return "global"
    if not table:
        return "database"
    if has_partition:
        return "partition_column" if has_column else "partition"
    return "column" if has_column else "table"


def _seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds // 1000
