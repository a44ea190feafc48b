"""When a delivery is tried again: the schedule, Retry-After, and what an answer means."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: Seconds before each attempt, counted from the one before.
SCHEDULE = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.2
#: A channel that failed for so long without one success is disabled, and that is announced.
DISABLE_AFTER = 120 * 3600

DELIVERED, FAILED, REFUSED, GONE, THROTTLED = (
    "delivered",
    "failed",
    "refused",
    "gone",
    "throttled",
)
#: What came of an attempt. refused: this message will never be taken; gone: the receiver
#: wants no messages any more; throttled: every message to it has to wait.
RESULTS = (DELIVERED, FAILED, REFUSED, GONE, THROTTLED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt, in words that hold no secret."""

    result: str
    detail: str
    status: int | None = None
    retry_after: float | None = None  # seconds, as the receiver asked


def of_status(
    status: int, headers: Mapping[str, str], now: datetime, refused: frozenset[int] = frozenset()
) -> Outcome:
    """The outcome of an HTTP answer. `refused`: statuses after which trying is no use."""
    wanted = retry_after(headers.get("retry-after", ""), now)
    if 200 <= status < 300:
        return Outcome(DELIVERED, f"answered {status}", status)
    if status == 410:
        return Outcome(GONE, "answered 410: the receiver wants no messages any more", status)
    if status in (429, 502, 504):
        return Outcome(THROTTLED, f"answered {status}", status, wanted)
    if 300 <= status < 400:
        return Outcome(FAILED, f"answered {status}: redirects are not followed", status)
    if status in refused:
        return Outcome(REFUSED, f"answered {status}: it will not take this message", status)
    return Outcome(FAILED, f"answered {status}", status, wanted)


def retry_after(written: str, now: datetime) -> float | None:
    """Seconds of a Retry-After header, a number or a date; None for anything else."""
    text = written.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def delay_before(attempt: int, delivery: str, wanted: float | None = None) -> float | None:
    """Seconds to wait before an attempt (from 1); None when there are no more.

    Jitter of a fifth either way, the same for the same delivery and attempt. What the
    receiver asks for is honoured between once and twice the schedule's step.
    """
    if attempt > len(SCHEDULE):
        return None
    base = float(SCHEDULE[attempt - 1])
    if wanted is not None:
        return min(max(wanted, base), 2 * base)
    return base * (1 + JITTER * (2 * _chance(f"{delivery}/{attempt}") - 1))


@dataclass(frozen=True, slots=True)
class NextStep:
    """What follows an attempt. `disable`: why the channel gets nothing more; empty: it does."""

    state: str  # waiting, delivered or dead
    next_at: datetime
    throttled_until: datetime | None = None
    disable: str = ""


def next_step(
    outcome: Outcome, made: int, delivery: str, now: datetime, failing_since: datetime | None
) -> NextStep:
    """What follows the attempt number `made` of a delivery.

    A receiver that is gone, or took nothing for 120 hours, gets nothing more; what it did
    not take goes on waiting, so that nothing is lost when it comes back.
    """
    if outcome.result == DELIVERED:
        return NextStep("delivered", now)
    if outcome.result == GONE:
        return NextStep("waiting", now, disable=outcome.detail)
    disable = ""
    if failing_since is not None and now - failing_since >= timedelta(seconds=DISABLE_AFTER):
        disable = f"it took nothing for {DISABLE_AFTER // 3600} hours, at last: {outcome.detail}"
    if outcome.result == REFUSED:
        return NextStep("dead", now, disable=disable)
    delay = delay_before(made + 1, delivery, outcome.retry_after)
    if delay is None:
        return NextStep("waiting" if disable else "dead", now, disable=disable)
    next_at = now + timedelta(seconds=delay)
    throttled = next_at if outcome.result == THROTTLED else None
    return NextStep("waiting", next_at, throttled, disable)


def _chance(text: str) -> float:
    """A number from 0 to 1 that is the same for the same text."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:6], "big") / float(1 << 48)
