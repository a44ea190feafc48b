"""When a lake is audited: cron's words, or watched."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

from app.core.change_signs import ChangeSign
from app.core.errors import SettingsError
from app.core.watching import Pace
from app.settings import LakeSettings
from app.sources.registry import open_source

WATCH = "watch"
HOURLY = "0 * * * *"  # of a lake without a schedule whose source has no sign of change
_PACE = Pace()


@dataclass(frozen=True, slots=True)
class Schedule:
    """Five words of cron in UTC, or none: then the lake is watched."""

    words: str = ""
    pace: Pace = _PACE

    @property
    def is_watch(self) -> bool:
        """Whether the lake is watched."""
        return not self.words

    def last(self, now: datetime) -> datetime:
        """The last time at or before now; the one of never is the beginning of time."""
        try:
            return next(CronSim(self.words, now + timedelta(seconds=1), reverse=True))
        except (CronSimError, StopIteration):
            return datetime.min.replace(tzinfo=UTC)

    def late_since(self, now: datetime) -> datetime:
        """A lake last crawled before this moment missed two times in a row."""
        if self.is_watch:
            pause = timedelta(seconds=2 * self.pace.full_every)
            return now - max(pause, timedelta(seconds=60))
        last = self.last(now)
        return self.last(last - timedelta(seconds=1))

    def __str__(self) -> str:
        return WATCH if self.is_watch else self.words


def schedule_of(lake: LakeSettings, pace: Pace) -> Schedule:
    """A lake's schedule. Without one it is watched where its source has a sign of change.

    Raises SettingsError for words that cron does not know, SourceError.
    """
    if lake.schedule == WATCH:
        return Schedule(pace=pace)
    if lake.schedule is None:
        signed = isinstance(open_source(lake.source.reveal()), ChangeSign)
        return Schedule(pace=pace) if signed else Schedule(HOURLY)
    try:
        CronSim(lake.schedule, datetime.now(UTC))
    except CronSimError as problem:
        raise SettingsError(
            f"lakes.{lake.name}.schedule: {lake.schedule!r} is no schedule ({problem})",
            mend='Write five words of cron in UTC, such as "*/15 * * * *", or "watch"',
        ) from None
    return Schedule(lake.schedule)
