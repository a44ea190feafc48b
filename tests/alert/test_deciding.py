"""Deciding and retrying: against a naive reading of the rules, on random routes and notices."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alert.deciding import NOWHERE, QUEUED, SILENCED, decide, wait_of
from app.alert.grouping import messages_of, reminders
from app.alert.retrying import SCHEDULE, delay_before, retry_after
from app.core.incidents import EVENT_KINDS, Notice
from app.core.routes import GroupState, Route, Routing, Silence
from tests.alert.notices import NOTICE

NOW = datetime(2026, 6, 12, 9, 0, tzinfo=UTC)
SEVERITIES = ["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"]
LAKES, CLASSES = ["prod", "staging"], ["payroll", "prompts"]


def patterns(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    globs = [*values, *(f"{value[:3]}*" for value in values), "*"]
    return st.lists(st.sampled_from(globs), min_size=1, max_size=2).map(tuple)


MATCHERS = st.fixed_dictionaries(
    {},
    optional={
        "severity": patterns(SEVERITIES),
        "lake": patterns(LAKES),
        "class": patterns(CLASSES),
        "event": patterns(list(EVENT_KINDS)),
    },
)
ROUTES = st.lists(
    st.builds(Route, name=st.just("x"), channel=st.just("c"), matchers=MATCHERS,
              continues=st.booleans(), group_wait=st.integers(0, 600).map(float)),
    max_size=4,
).map(lambda found: tuple(replace(one, name=f"r{n}") for n, one in enumerate(found)))  # fmt: skip
NOTICES = st.lists(
    st.builds(
        replace, st.just(NOTICE), kind=st.sampled_from(EVENT_KINDS),
        severity=st.sampled_from(SEVERITIES), lake=st.sampled_from(LAKES),
        classes=st.lists(st.sampled_from(CLASSES), unique=True).map(tuple),
        incident=st.sampled_from(["a", "b"]),
    ),
    max_size=6,
).map(
    lambda found: [replace(one, id=f"n{n}", sequence=n) for n, one in enumerate(found)]
)  # fmt: skip
SILENCES = st.lists(
    st.builds(Silence, id=st.just("s"), matchers=MATCHERS,
              starts_at=st.sampled_from([NOW - timedelta(1), NOW + timedelta(1)]),
              ends_at=st.sampled_from([NOW - timedelta(hours=1), NOW + timedelta(2)]),
              created_by=st.just("ann"), comment=st.just("why"), created_at=st.just(NOW)),
    max_size=2,
)  # fmt: skip


def matches(matchers: dict[str, tuple[str, ...]], notice: Notice) -> bool:
    """The rule as a person reads it."""
    values = {"severity": [notice.severity], "lake": [notice.lake],
              "class": list(notice.classes), "event": [notice.kind]}  # fmt: skip
    return all(
        any(fnmatchcase(value, pattern) for pattern in wanted for value in values[name])
        for name, wanted in matchers.items()
    )


@given(NOTICES, ROUTES, SILENCES)
def test_every_notice_goes_where_a_naive_reading_says(
    notices: list[Notice], routes: tuple[Route, ...], silences: list[Silence]
) -> None:
    told: set[tuple[str, str, str]] = set()
    expected: list[tuple[str, str, str]] = []
    for notice in notices:
        taken = []
        for route in routes:
            if matches(dict(route.matchers), notice):
                taken.append(route)
                if not route.continues:
                    break
        reached = [
            *taken,
            *(
                route
                for route in routes
                if route not in taken and (route.name, notice.lake, notice.incident) in told
            ),
        ]
        for route in reached:
            key = (route.name, notice.lake, notice.incident)
            ends = notice.kind in ("resolved", "waived")
            quiet = any(
                one.starts_at <= NOW < one.ends_at and matches(dict(one.matchers), notice)
                for one in silences
            )
            if quiet and not (ends and key in told):
                expected.append((notice.id, route.name, SILENCED))
                continue
            expected.append((notice.id, route.name, QUEUED))
            told.discard(key)
            if not ends:
                told.add(key)
        if not reached:
            expected.append((notice.id, "", NOWHERE))
    decided = decide(notices, Routing(routes), silences, {}, NOW)
    found = [(one.notice.id, one.route, one.outcome) for one in decided.decisions]
    assert found == expected
    assert all(one.reason for one in decided.decisions)
    remembered = {
        (state.route, told.notice.lake, incident)
        for state in decided.groups.values()
        for incident, told in state.told.items()
    }
    assert remembered == told
    for one in decided.decisions:
        if one.outcome == QUEUED and one.notice.severity in ("SEV0", "SEV1"):
            assert one.due_at is not None
            assert one.due_at <= NOW + timedelta(seconds=10)


@given(
    st.integers(0, 86_400), st.integers(0, 86_400), st.none() | st.integers(-10**6, 10**6),
    st.sampled_from([*SEVERITIES, ""]),
)  # fmt: skip
def test_nothing_waits_longer_than_its_route_says_whatever_the_clock_did(
    wait: int, interval: int, ago: int | None, severity: str
) -> None:
    route = Route("r", "c", group_wait=wait, group_interval=interval)
    last = None if ago is None else NOW - timedelta(seconds=ago)
    due = wait_of(route, severity, last, NOW)
    longest = min(10, wait) if severity in ("SEV0", "SEV1") else max(wait, interval)
    assert NOW <= due <= NOW + timedelta(seconds=longest)


@given(NOTICES, st.sampled_from(["webhook", "slack", "mail", "ocsf", "pagerduty", ""]))
def test_grouping_loses_nothing_and_keeps_the_order(notices: list[Notice], kind: str) -> None:
    messages = messages_of(notices, kind)
    assert [one.id for message in messages for one in message.notices] == [
        one.id for one in notices
    ]
    if kind in ("webhook", "ocsf", "pagerduty"):
        assert [message.id for message in messages] == [one.id for one in notices]


@pytest.mark.parametrize(
    ("kind", "event", "expected"),
    [
        ("webhook", "opened", 1), ("webhook", "acknowledged", 0), ("webhook", "mended", 0),
        ("alertmanager", "acknowledged", 1), ("ocsf", "opened", 0), ("slack", "regressed", 1),
    ],
)  # fmt: skip
def test_what_is_said_again(kind: str, event: str, expected: int) -> None:
    route = Route("r", "c")
    decided = decide([replace(NOTICE, kind=event)], Routing((route,)), (), {}, NOW)
    (state,) = decided.groups.values()
    early = reminders(state, route, kind, (), NOW + timedelta(hours=3, minutes=59))
    due = reminders(state, route, kind, (), NOW + timedelta(hours=4))
    assert (len(early), len(due)) == (0, expected)
    over = Silence("s", {"lake": ("prod",)}, NOW, NOW + timedelta(days=1), "a", "b", NOW)
    assert reminders(state, route, kind, [over], NOW + timedelta(hours=4)) == ()
    assert GroupState("r", "g").told == {}


def test_the_schedule_is_the_conventions() -> None:
    assert SCHEDULE == (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
    assert delay_before(len(SCHEDULE) + 1, "d") is None


@given(st.integers(1, 10), st.text(min_size=1), st.none() | st.floats(0, 10**6))
def test_a_delay_keeps_within_its_bounds(attempt: int, name: str, wanted: float | None) -> None:
    base = SCHEDULE[attempt - 1]
    delay = delay_before(attempt, name, wanted)
    assert delay is not None
    if wanted is None:
        assert 0.8 * base <= delay <= 1.2 * base
        assert delay == delay_before(attempt, name)
    else:
        assert base <= delay <= 2 * base


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("120", 120.0), (" 5 ", 5.0), ("", None), ("-1", None), ("soon", None), ("1.5", None),
        ("9" * 50, 999_999_999.0), ("²", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
    ],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(written: str, seconds: float | None) -> None:
    assert retry_after(written, NOW) == seconds
