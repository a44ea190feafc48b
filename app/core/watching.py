"""When a watched lake is crawled: after a sign of change, at intervals, and after failures.

Pure: it is told the time and what was seen, and says what is due. Whoever watches does it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.core.change_signs import ACCESS, PEOPLE, POLICIES, Sign, changed_parts

#: Changes of these alone leave tables, columns and properties as they were.
PARTIAL = frozenset({ACCESS, PEOPLE, POLICIES})

#: A source without a sign is crawled in turn, and rests so many times as long as that took.
_REST_WITHOUT_SIGN = 4
_FIRST_RETRY, _LAST_RETRY = 1.0, 60.0

FIRST, CHANGE, INTERVAL, AGAIN = "first", "change", "interval", "again"


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds. interval: between two looks. full_every: between two whole crawls."""

    interval: float = 0.25
    full_every: float = 900.0


@dataclass(frozen=True, slots=True)
class Due:
    """A round to be made. whole: crawl everything; else only who may do what."""

    why: str  # first | change | interval | again (after a failure)
    whole: bool
    parts: frozenset[str] = frozenset()


class Watch:
    """Says what is due. `clock` counts seconds and never goes back."""

    def __init__(self, pace: Pace, clock: Callable[[], float], *, signed: bool) -> None:
        """signed: the source has a sign; else only directory and policies are looked at."""
        self._pace = pace
        self._signed = signed
        self._clock = clock
        self._why_whole = FIRST
        self._seen = Sign()  # at the beginning of the last good round
        self._pending = Sign()
        self._not_before = clock()
        self._rested_at = clock()
        self._last_whole = clock()
        self._retry = _FIRST_RETRY
        self._began = clock()

    @property
    def pause(self) -> float:
        """How long to wait before the next look."""
        return max(self._pace.interval, self._not_before - self._clock())

    def seen(self, sign: Sign) -> Due | None:
        """A look was taken. What is due because of it?"""
        due = self._due(sign)
        if due is not None:
            self._pending = sign
            self._began = self._clock()
        return due

    def _due(self, sign: Sign) -> Due | None:
        now = self._clock()
        if now < self._not_before:
            return None
        if self._why_whole:
            return Due(self._why_whole, whole=True)
        parts = changed_parts(self._seen, sign)
        if parts and (now >= self._rested_at or parts & PARTIAL):
            return Due(CHANGE, whole=not parts <= PARTIAL, parts=parts)
        if not self._signed or now - self._last_whole >= self._pace.full_every:
            return Due(INTERVAL, whole=True)
        return None

    def done(self, due: Due) -> None:
        """The round was made. What changed since it began is seen by the next look.

        A lake whose tables change all the time is crawled half of the time, not all of it.
        What changes who may do what is never put off.
        """
        now = self._clock()
        took = now - self._began
        self._seen, self._why_whole, self._retry = self._pending, "", _FIRST_RETRY
        if due.whole:
            self._last_whole, self._rested_at = self._began, now + took
        self._not_before = now if self._signed else now + took * _REST_WITHOUT_SIGN

    def failed(self) -> None:
        """The look or the round failed: nobody knows what happened, so all is read again."""
        self._why_whole = self._why_whole or AGAIN
        self._not_before = self._clock() + self._retry
        self._retry = min(self._retry * 2, _LAST_RETRY)
