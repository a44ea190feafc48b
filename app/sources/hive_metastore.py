"""Crawls a lake through HiveServer2 by what it shows of the metastore itself.

Either by one table that an administrator made for it, all in one view, or by `sys`. What comes
is a metastore's database in memory, and is crawled like one.
"""

from collections.abc import Iterator, Mapping

from app.core.facts import Facts, Progress
from app.core.names import DEFAULT_CATALOG
from app.sources import packed_mirror
from app.sources.hive_objects import HiveTable
from app.sources.hive_session import StatementError
from app.sources.hive_sessions import HiveSessions
from app.sources.hive_sys import NoSysError, SysReader
from app.sources.hive_tables import describe_table
from app.sources.metastore import MetastoreCrawl
from app.sources.metastore_reader import MetastoreReader
from app.sources.metastore_schema import ESSENTIAL
from app.sources.sys_completion import SysCompletion
from app.sources.sys_copy import Dangling, SysCopy

#: Said in each session first. One that a server refuses costs time and nothing else.
SETTINGS = (
    "SET hive.fetch.task.conversion=more",  # rows come at once, without a job
    "SET hive.fetch.task.conversion.threshold=-1",
    "SET hive.cbo.enable=false",  # there is nothing to plan
    "SET hive.query.results.cache.enabled=false",
)

_TEXTS = 20  # long ones, sent together

#: Modes in which whoever may read a table reads every row as it is.
_UNFILTERED = frozenset({"sql-standard", "legacy", "off"})


class ShownMetastore:
    """A lake as HiveServer2 shows its metastore.

    sys: the database that Hive's script made.
    """

    def __init__(self, sessions: HiveSessions, sys: str, copy: SysCopy, progress: Progress) -> None:
        self._sessions = sessions
        self._sys = sys
        self._copy = copy
        self._progress = progress
        self._completion = SysCompletion(sessions, copy, progress)
        self._changed: Dangling = frozenset()
        self._may_filter = True

    def read(self, mode: str) -> None:
        """Copy all of it. Raises NoSysError, and SourceError when the server is lost.

        mode: as HiveServer2 says it, empty where that proves none.
        """
        self._may_filter = mode not in _UNFILTERED
        self._sessions.begin_with(SETTINGS)
        try:
            self._read_packed()
        except NoSysError as problem:
            no_mirror = str(problem)
        else:
            return
        try:
            self._changed = SysReader(self._sessions, self._sys, self._progress).copy_into(
                self._copy
            )
            self._completion.complete(mode)
        except (NoSysError, StatementError) as problem:
            raise NoSysError(f"{problem}; {no_mirror}") from None

    def _read_packed(self) -> None:
        database, name = packed_mirror.DATABASE, packed_mirror.TABLE
        session = self._sessions.first
        found = describe_table(session, HiveTable(DEFAULT_CATALOG, database, name, kind=""))
        if isinstance(found, str):
            raise NoSysError(f"{database}.{name}: {found}")
        if not packed_mirror.is_mirror([column for column, _ in found.columns], found.properties):
            raise NoSysError(f"{database}.{name} is not as docs/hive-mirror.sql makes it")
        try:
            rows = session.rows(f"SELECT `name`, `packed` FROM `{database}`.`{name}`", _TEXTS)
            for table, columns in packed_mirror.unpacked(rows):
                self._copy.put(table, columns)
        except (StatementError, ValueError) as problem:
            raise NoSysError(f"{database}.{name}: {problem}") from None

    def facts(self, settings: Mapping[str, str]) -> Iterator[Facts]:
        """All facts and gaps. settings: what else is known of the lake."""
        reader = MetastoreReader(self._copy, self._progress)
        reader.require(*ESSENTIAL)
        self._completion.say_gaps(reader)
        if self._may_filter:
            reader.gap(
                "grants",
                "",
                "TBL_PRIVS may not be read whole: HiveServer2's authorization may filter and mask "
                "the rows of any table, those of sys too",
                "Whether all objects and grants were seen",
            )
        if self._changed:
            what = ", ".join(sorted({where for where, _ in self._changed}))
            reader.gap(
                "lake",
                "",
                f"the lake changed while it was read, again and again: {what}",
                "The objects that changed, and who can reach them",
            )
        yield from MetastoreCrawl(reader, settings).facts(reader, at_once=False)
