"""Several sessions with HiveServer2, lent to threads."""

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from app.sources.hive_address import HiveAddress
from app.sources.hive_session import HiveSession

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


class HiveSessions:
    """A bounded number of sessions, lent to threads."""

    def __init__(self, address: HiveAddress) -> None:
        self.first = HiveSession(address)
        self._all = [self.first]
        self._all += [HiveSession(address) for _ in range(address.connections - 1)]
        self._free: queue.Queue[HiveSession] = queue.Queue()
        for session in self._all:
            self._free.put(session)

    @contextmanager
    def opened(self) -> Iterator["HiveSessions"]:
        """Close all of them at the end."""
        try:
            yield self
        finally:
            for session in self._all:
                session.close()

    def as_admin(self) -> None:
        """Have those that are still to be opened say SET ROLE ADMIN too."""
        for session in self._all:
            session.as_admin = True

    def begin_with(self, settings: tuple[str, ...]) -> None:
        """Have all of them say these statements first; see HiveSession."""
        for session in self._all:
            session.begin_with(settings)

    def each(
        self, items: list[_Item], ask: Callable[[HiveSession, _Item], _Found]
    ) -> Iterator[tuple[_Item, _Found]]:
        """Ask about every item, some at a time, and yield the answers in their order."""
        if len(items) == 1 or len(self._all) == 1:
            for item in items:
                yield item, ask(self.first, item)
            return

        def lent(item: _Item) -> _Found:
            session = self._free.get()
            try:
                return ask(session, item)
            finally:
                self._free.put(session)

        with ThreadPoolExecutor(len(self._all)) as threads:
            asked = [(item, threads.submit(lent, item)) for item in items]
            try:
                for item, answer in asked:
                    yield item, answer.result()
            finally:
                for _, answer in asked:
                    answer.cancel()
