"""The sign of change of a metastore reached by Thrift.

`get_current_notificationEventId` moves with tables, databases, owners and columns where the
metastore keeps notifications (`DbNotificationListener`). Hive makes no event of a grant, a
role or a membership. So these are read again and compared, within a budget of time
(`digest_budget`): one bulk call each, whose answer is hashed and thrown away.
"""

import hashlib
import time
from collections.abc import Callable, Hashable
from typing import Protocol

from app.core.change_signs import ACCESS, OBJECTS, Sign
from app.sources.digest_budget import DigestBudget

_MISSES = (
    "Grants, roles and memberships raise no event in Hive: they are read again and compared, "
    "the more seldom the longer that takes",
    "Tables, owners and columns, where the metastore keeps no notifications "
    "(hive.metastore.transactional.event.listeners) or another engine writes its database",
)


class ThriftLook(Protocol):
    """What is asked of a metastore; every method raises SourceError when it is lost."""

    def newest_event(self) -> Hashable:
        """`get_current_notificationEventId`, or None where there is no such call."""
        ...

    def access(self) -> bytes:
        """Grants, roles and memberships in a fixed order, by the calls of a crawl."""
        ...


class ThriftSigns:
    """Makes the sign; implements SignReader."""

    misses: tuple[str, ...] = _MISSES

    def __init__(self, look: ThriftLook, clock: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._clock = clock
        self._budget = DigestBudget(clock)
        self._access: Hashable = None

    def sign(self) -> Sign:
        """The newest event, and a hash of who may do what."""
        if self._budget.allows():
            began = self._clock()
            self._access = hashlib.sha256(self._look.access()).hexdigest()
            self._budget.spent(self._clock() - began)
        return Sign({OBJECTS: self._look.newest_event(), ACCESS: self._access})
