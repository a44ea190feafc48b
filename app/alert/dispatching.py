"""Attempts under way: a few at once for each channel, so that a slow one holds up no other."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Generic, TypeVar

from app.alert.retrying import FAILED, Outcome

PER_CHANNEL = 4
_MOST_THREADS = 128

Job = TypeVar("Job")


@dataclass(frozen=True, slots=True)
class Finished(Generic[Job]):
    """An attempt that came to an end."""

    job: Job
    at: datetime
    seconds: float
    outcome: Outcome


class Dispatcher(Generic[Job]):
    """Runs attempts in threads; the caller hands jobs in and takes outcomes out.

    Not thread-safe itself: one round of one worker uses it.
    """

    def __init__(self, per_channel: int = PER_CHANNEL) -> None:
        self.per_channel = per_channel
        self._threads = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="alert")
        self._running: dict[Future[Finished[Job]], str] = {}
        self._busy: Counter[str] = Counter()
        self._handed_back: list[Finished[Job]] = []

    def free(self, channel: str) -> int:
        """How many more attempts the channel may have at once."""
        return max(0, self.per_channel - self._busy[channel])

    @property
    def running(self) -> int:
        """How many attempts are under way."""
        return len(self._running)

    def submit(self, channel: str, job: Job, attempt: Callable[[], Outcome]) -> None:
        """Begin an attempt."""
        self._busy[channel] += 1
        self._running[self._threads.submit(_timed, job, attempt)] = channel

    def finished(self, seconds: float = 0.0) -> tuple[Finished[Job], ...]:
        """What came to an end, waiting for the first at most so long."""
        if self._handed_back:
            again, self._handed_back = tuple(self._handed_back), []
            return again
        if not self._running:
            return ()
        done, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            self._busy[self._running.pop(future)] -= 1
        return tuple(sorted((future.result() for future in done), key=lambda one: one.at))

    def hand_back(self, finished: Sequence[Finished[Job]]) -> None:
        """Outcomes that could not be recorded now: they come out again, none is sent again."""
        self._handed_back += finished

    def close(self) -> None:
        """Wait for what is under way; its leases hand it out again where nobody records it."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> "Dispatcher[Job]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _timed(job: Job, attempt: Callable[[], Outcome]) -> Finished[Job]:
    at, begun = datetime.now(UTC), time.monotonic()
    try:
        outcome = attempt()
    except Exception as error:  # noqa: BLE001  # whatever it is, the delivery must go on
        outcome = Outcome(FAILED, f"the attempt broke off ({type(error).__name__})")
    return Finished(job, at, time.monotonic() - begun, outcome)
