"""Who is told of a notice, by which route, when, and why: pure, no clock, no sending."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.core.incidents import Notice
from app.core.routes import (
    ENDING,
    LOUDEST_WAIT,
    QUIETING,
    GroupState,
    Route,
    Routing,
    Silence,
    Told,
    is_loud,
    unmatched,
)

QUEUED, SILENCED, NOWHERE = "queued", "silenced", "nowhere"
#: What can become of a notice on a route. `nowhere`: no route takes it.
OUTCOMES = (QUEUED, SILENCED, NOWHERE)

GroupKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one notice on one route, and why."""

    notice: Notice
    outcome: str
    reason: str
    route: str = ""
    channel: str = ""
    group: str = ""
    due_at: datetime | None = None  # when its group goes out at the latest
    silence: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided of some notices, and the groups as they are afterwards."""

    decisions: tuple[Decision, ...]
    groups: Mapping[GroupKey, GroupState]


def decide(
    notices: Iterable[Notice],
    routing: Routing,
    silences: Iterable[Silence],
    groups: Mapping[GroupKey, GroupState],
    now: datetime,
) -> Decided:
    """Decide on notices in their order. A decision for every notice and route it takes."""
    states, held = dict(groups), tuple(silences)
    decisions: list[Decision] = []
    for notice in notices:
        for route, why in _routes_for(notice, routing, states):
            group = route.group_of(notice)
            key = (route.name, group)
            state = states.get(key, GroupState(route.name, group))
            decision = _on_route(notice, route, why, state, held, now)
            decisions.append(decision)
            if decision.outcome == QUEUED:
                state = _told(state, notice, now)
            states[key] = state
        if not decisions or decisions[-1].notice is not notice:
            decisions.append(Decision(notice, NOWHERE, _why_nowhere(notice, routing)))
    return Decided(tuple(decisions), states)


def wait_of(route: Route, severity: str, last_sent_at: datetime | None, now: datetime) -> datetime:
    """When a notice that comes now goes out: group_wait at first, then group_interval.

    SEV0 and SEV1 never wait for the group's turn, and 10 seconds at most.
    """
    if is_loud(severity):
        return now + timedelta(seconds=min(route.group_wait, LOUDEST_WAIT))
    due = now + timedelta(seconds=route.group_wait)
    if last_sent_at is not None and last_sent_at <= now:
        next_turn = last_sent_at + timedelta(seconds=route.group_interval)
        due = max(due, next_turn) if next_turn > now else due
    return due


def silence_over(
    notice: Notice, silences: Iterable[Silence], now: datetime, told: bool
) -> Silence | None:
    """The silence that holds a notice back, if one does.

    An end reaches whoever was told of the beginning, silence or not: what stays open in a
    pager though it is closed in the lake is noise of its own.
    """
    if told and notice.kind in ENDING:
        return None
    return next((silence for silence in silences if silence.holds(notice, now)), None)


def _routes_for(
    notice: Notice, routing: Routing, states: Mapping[GroupKey, GroupState]
) -> Iterator[tuple[Route, str]]:
    taken = routing.taken(notice)
    for route in taken:
        yield route, _matched(route)
    if not notice.incident:
        return
    for route in routing.routes:
        state = states.get((route.name, route.group_of(notice)))
        if route not in taken and state is not None and notice.incident in state.told:
            yield route, f"the route {route.name} was told of this incident before"


def _on_route(
    notice: Notice,
    route: Route,
    why: str,
    state: GroupState,
    silences: tuple[Silence, ...],
    now: datetime,
) -> Decision:
    told = notice.incident in state.told
    silence = silence_over(notice, silences, now, told)
    if silence is not None:
        until = f"{silence.ends_at:%Y-%m-%d %H:%M:%S} UTC"
        reason = f"{why}, but the silence {silence.id} holds it back until {until}"
        return Decision(
            notice, SILENCED, reason, route.name, route.channel, state.group, None, silence.id
        )
    due = wait_of(route, notice.severity, state.last_sent_at, now)
    return Decision(notice, QUEUED, why, route.name, route.channel, state.group, due)


def _told(state: GroupState, notice: Notice, now: datetime) -> GroupState:
    if not notice.incident:
        return state
    told = {key: value for key, value in state.told.items() if key != notice.incident}
    if notice.kind not in ENDING:
        told[notice.incident] = Told(notice, notice.kind not in QUIETING, now)
    return replace(state, told=told)


def _matched(route: Route) -> str:
    if not route.matchers:
        return f"the route {route.name} takes everything"
    said = ", ".join(f"{name} {' or '.join(of)}" for name, of in route.matchers.items())
    return f"the route {route.name} takes {said}"


def _why_nowhere(notice: Notice, routing: Routing) -> str:
    if not routing.routes:
        return f"{routing.file} has no routes"
    said = (
        f"{route.name} wants another {unmatched(route.matchers, notice)}"
        for route in routing.routes
    )
    return f"no route takes it: {'; '.join(said)}"
