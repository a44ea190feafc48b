"""A lease kept for as long as the work under it takes."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from app.core.errors import ConflictError, StateError
from app.store.database import Database, session_scope
from app.store.holders import new_holder
from app.store.leases import LEASE_SECONDS, acquire_lease, release_lease, renew_leases

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptLease:
    """A lease that a thread renews in the background. `lost` tells when it no longer can."""

    name: str
    holder: str
    lost: Event = field(default_factory=Event, repr=False)

    def confirm(self) -> None:
        """Stop work that another process may have taken over."""
        if self.lost.is_set():
            raise ConflictError(
                f"the lease {self.name} was lost to another process", mend="Run it again"
            )


@contextmanager
def kept_lease(
    database: Database, name: str, *, holder: str | None = None, seconds: float = LEASE_SECONDS
) -> Iterator[KeptLease]:
    """Hold the lease within the block; ConflictError when somebody else has it.

    Every lease of the same holder is renewed with it.
    """
    kept = KeptLease(name, holder or new_holder())
    with session_scope(database) as session:
        acquire_lease(session, name, kept.holder, seconds=seconds)
    done = Event()
    thread = Thread(target=_renew, args=(database, kept, seconds, done), daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        done.set()
        thread.join()
        _give_back(database, kept)


def _renew(database: Database, kept: KeptLease, seconds: float, done: Event) -> None:
    """Until the work is done or the lease is lost, by another's hand or a fault of ours."""
    try:
        while not done.wait(seconds / 4):
            if kept.name not in _renewed(database, kept, seconds):
                return
    finally:
        if not done.is_set():
            kept.lost.set()


def _renewed(database: Database, kept: KeptLease, seconds: float) -> tuple[str, ...]:
    """A database that is busy or away for a moment will be asked again."""
    try:
        with session_scope(database) as session:
            return renew_leases(session, kept.holder, seconds=seconds)
    except (StateError, ConflictError) as error:
        log.warning("lease %s not renewed: %s", kept.name, error)
        return (kept.name,)


def _give_back(database: Database, kept: KeptLease) -> None:
    """A lease that cannot be given back ends by itself."""
    try:
        with session_scope(database) as session:
            release_lease(session, kept.name, kept.holder)
    except (StateError, ConflictError) as error:
        log.warning("lease %s not released: %s", kept.name, error)
