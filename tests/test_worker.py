"""The worker's own words: schedules, and conditions that are said once and end once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.errors import SettingsError
from app.core.own_conditions import Condition, Sight, turns
from app.core.watching import Pace
from app.settings import LakeSettings, SecretText
from app.worker.schedule import Schedule, schedule_of

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)  # a Monday
LATE = Condition("lake/main", "main is late", "SEV2", "main is crawled again", lake="main")


def test_a_condition_is_said_when_it_begins_and_when_it_ends_and_not_between() -> None:
    begun = turns({}, Sight((LATE,)), NOW)
    (first,) = begun.notices
    assert (first.title, first.data["resolved"]) == ("main is late", False)
    kept = {one.condition.key: one for one in begun.standing}
    assert turns(kept, Sight((LATE,)), NOW).notices == ()
    assert turns(kept, Sight(unseen=("lake/",)), NOW).notices == ()  # unknown is never over
    ended = turns(kept, Sight(), NOW)
    (last,) = ended.notices
    assert (last.title, last.data["resolved"]) == ("main is crawled again", True)
    assert first.data["key"] == last.data["key"]
    kept = {one.condition.key: one for one in ended.standing}
    assert turns(kept, Sight(), NOW).notices == ()
    (again,) = turns(kept, Sight((LATE,)), NOW).notices
    assert len({first.id, last.id, again.id}) == 3


def test_a_lake_is_late_when_two_of_its_times_passed_and_not_over_a_weekend() -> None:
    weekdays = Schedule("0 9 * * 1-5")
    friday = datetime(2026, 6, 12, 9, 0, 30, tzinfo=UTC)
    assert friday >= weekdays.late_since(NOW)
    assert friday < weekdays.late_since(NOW + timedelta(days=1, hours=1))
    hourly = Schedule("0 * * * *")
    assert hourly.last(NOW) == NOW
    assert hourly.late_since(NOW) == NOW - timedelta(hours=1)


def _lake(schedule: str | None) -> LakeSettings:
    source = SecretText("metastore+sqlite:///none.db")
    return LakeSettings("main", source, "off", None, None, 0.9, schedule, Path("policies"))


def test_words_that_cron_does_not_know_are_refused_with_a_mend() -> None:
    with pytest.raises(SettingsError, match=r"lakes\.main\.schedule: '61 .*five words of cron"):
        schedule_of(_lake("61 * * * *"), Pace())
    assert schedule_of(_lake("watch"), Pace()).is_watch
    assert schedule_of(_lake(None), Pace()).is_watch  # its source has a sign of change
    assert str(schedule_of(_lake("*/5 * * * *"), Pace())) == "*/5 * * * *"
