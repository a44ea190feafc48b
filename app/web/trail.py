"""The trail of questions, written by a thread of its own so that nobody waits for the disk.

Nothing is lost: what cannot be written waits and is tried again, a server that ends
writes the rest first, and when too much waits no further question is answered.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.errors import LakewardenError
from app.store.database import Database, session_scope
from app.store.identifiers import utc_now
from app.store.questions import record_question
from app.store.tokens import note_use

GATHER_SECONDS = 0.2
LARGEST_BATCH = 500
MOST_WAITING = 20_000
LAST_TRY_SECONDS = 10.0

_log = logging.getLogger("lakewarden.trail")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that was asked, and how it was answered."""

    asked_at: datetime
    asked_by: str
    question: str
    parameters: Mapping[str, Any]
    lake: str | None
    status: int


class Trail:
    """Takes questions in memory and writes them in batches."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Asked] = []
        self._used: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._written = threading.Condition(self._lock)
        self._count = 0  # how many were ever taken
        self._done = 0  # how many of them are written
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """How many questions are not written yet."""
        return self._count - self._done

    @property
    def has_room(self) -> bool:
        """Whether another question can be taken."""
        return self.waiting < MOST_WAITING

    @property
    def is_running(self) -> bool:
        """Whether somebody writes."""
        return self._thread is not None and self._thread.is_alive()

    def add(self, asked: Asked) -> None:
        """Take a question."""
        with self._lock:
            self._waiting.append(asked)
            self._count += 1
        if not self._wake.is_set():
            self._wake.set()

    def note_use(self, public_id: str) -> None:
        """Take note that a token was used."""
        with self._lock:
            self._used.add(public_id)
        self._wake.set()

    def start(self) -> None:
        """Begin to write."""
        self._stopping = False
        self._thread = threading.Thread(target=self._write_on, name="trail", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits and end."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def flush(self, seconds: float = 5.0) -> bool:
        """Wait until all that was asked so far is written; False when time is up."""
        with self._written:
            wanted = self._count
            return self._written.wait_for(lambda: self._done >= wanted, seconds)

    def _write_on(self) -> None:
        deadline = 0.0
        while True:
            self._wake.wait()
            self._wake.clear()
            if not self._stopping:
                time.sleep(GATHER_SECONDS)
            elif not deadline:
                deadline = time.monotonic() + LAST_TRY_SECONDS
            whole = self._write_waiting()
            if self._stopping and (whole or (deadline and time.monotonic() > deadline)):
                break
            if not whole:
                time.sleep(min(1.0, GATHER_SECONDS * 5))
                self._wake.set()
        self._confess()

    def _write_waiting(self) -> bool:
        """Write until nothing waits; False when the database does not take it."""
        while True:
            with self._lock:
                batch, used = self._waiting[:LARGEST_BATCH], set(self._used)
            if not batch and not used:
                return True
            try:
                self._write(batch, used)
            except LakewardenError as problem:
                _log.warning("%d questions wait to be recorded: %s", self.waiting, problem)
                return False
            except Exception:  # noqa: BLE001 - no question may be lost, whatever happens
                _log.exception("%d questions wait to be recorded", self.waiting)
                return False
            with self._written:
                del self._waiting[: len(batch)]
                self._used -= used
                self._done += len(batch)
                self._written.notify_all()

    def _write(self, batch: list[Asked], used: set[str]) -> None:
        if batch:
            with session_scope(self._database) as session:
                for one in batch:
                    record_question(
                        session,
                        asked_by=one.asked_by,
                        question=one.question,
                        parameters=one.parameters,
                        status=one.status,
                        lake=one.lake,
                        now=one.asked_at,
                    )
        if used:
            with session_scope(self._database, durable=False) as session:
                for public_id in sorted(used):
                    note_use(session, public_id, now=utc_now())

    def _confess(self) -> None:
        """Say in the log what could not be written anywhere else."""
        for one in self._waiting:
            _log.critical("not recorded: %s", one)
