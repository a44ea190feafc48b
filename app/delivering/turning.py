"""Notices into deliveries, in one transaction: decide, flush, remind, second routes, trail."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.alert.deciding import QUEUED, SILENCED, Decision, decide, silence_over
from app.alert.grouping import messages_of, reminders
from app.core.incidents import Notice
from app.core.routes import (
    ENDING,
    MACHINE,
    REPEAT_INTERVAL,
    SECOND_ROUTE_AFTER,
    GroupState,
    Message,
    Route,
    Routing,
    Silence,
    is_loud,
)
from app.store import decisions as kept
from app.store.database import Session
from app.store.decisions import StoredDecision
from app.store.deliveries import NewDelivery, add_delivery
from app.store.outbox import claim_notices, mark_done
from app.store.second_routes import note_second, undelivered_loud
from app.store.silences import count_matches, list_silences

_BATCH, _MOST_BATCHES = 200, 20
_LEASE_SECONDS = 60.0
_LOOK_AGAIN = timedelta(minutes=1)


@dataclass(slots=True)
class Turned:
    """What a turn came to. `problems`: what somebody should look at, in words."""

    notices: int = 0
    made: int = 0
    second: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Turn:
    """One worker's turn at deciding, within its transaction."""

    session: Session
    routing: Routing
    kinds: Mapping[str, str]  # channel → kind
    now: datetime
    holder: str
    turned: Turned

    def take(self) -> Turned:
        """Do all of it. Everything is committed together or not at all."""
        kept.take_deciding_turn(self.session)
        silences = list_silences(self.session, now=self.now)
        self._leave_removed_routes(silences)
        self._release(silences)
        for _ in range(_MOST_BATCHES):
            notices = claim_notices(self.session, self.holder, _BATCH, _LEASE_SECONDS, now=self.now)
            if not notices:
                break
            self._decide(notices, silences)
            mark_done(self.session, [notice.id for notice in notices], self.holder, now=self.now)
        for key in kept.due_groups(self.session, self.now):
            self._flush(key)
        for state in kept.groups_to_remind(self.session, self.now):
            self._remind(state, silences)
        self._second_routes()
        return self.turned

    def _decide(self, notices: Sequence[Notice], silences: Sequence[Silence]) -> None:
        keys = {
            (route.name, route.group_of(notice))
            for notice in notices
            for route in self.routing.routes
        }
        before = kept.groups(self.session, keys)
        decided = decide(notices, self.routing, silences, before, self.now)
        held: Counter[str] = Counter()
        for decision in decided.decisions:
            if self._record(decision) and decision.outcome == SILENCED:
                held[decision.silence] += 1
        for key, state in decided.groups.items():
            if before.get(key) != state:
                self._save(state)
        count_matches(self.session, held)
        self.turned.notices += len(notices)

    def _record(self, decision: Decision) -> bool:
        notice = decision.notice
        if decision.outcome not in (QUEUED, SILENCED) and is_loud(notice.severity):
            self.turned.problems.append(
                f"{notice.severity} {notice.id} goes nowhere: {decision.reason}"
            )
        return kept.add_decision(
            self.session,
            notice,
            state=decision.outcome,
            reason=decision.reason,
            now=self.now,
            route=decision.route,
            channel=decision.channel,
            group=decision.group,
            due_at=decision.due_at,
            silence=decision.silence or None,
        )

    def _leave_removed_routes(self, silences: Sequence[Silence]) -> None:
        """What waited for a route that routes.yaml no longer has is decided on anew."""
        names = {route.name for route in self.routing.routes}
        stranded = kept.waiting_elsewhere(self.session, names)
        if not stranded:
            return
        numbers = [one.number for one in stranded]
        reason = f"{self.routing.file} has this route no longer"
        kept.change_decisions(self.session, numbers, state=kept.SUPERSEDED, reason=reason)
        once = {one.notice.id: one.notice for one in stranded}
        self._decide(tuple(once.values()), silences)

    def _release(self, silences: Sequence[Silence]) -> None:
        """What no silence holds any more goes out, the last of each incident only."""
        latest: dict[tuple[str, str, str], StoredDecision] = {}
        freed: list[StoredDecision] = []
        for held in kept.silenced(self.session):
            if silence_over(held.notice, silences, self.now, told=False) is None:
                freed.append(held)
                subject = held.notice.incident or held.notice.id
                latest[held.route, held.group, subject] = held
        chosen = {held.number for held in latest.values()}
        for held in freed:
            self._release_one(held, held.number in chosen)

    def _release_one(self, held: StoredDecision, is_latest: bool) -> None:
        state = self._group(held.route, held.group)
        told = state.told.get(held.notice.incident) if held.notice.incident else None
        reason = ""
        if not is_latest:
            reason = "a later notice of the incident came while it was silenced"
        elif told is not None and told.notice.sequence > held.notice.sequence:
            reason = "the route was told of something later meanwhile"
        elif told is None and held.notice.kind in ENDING:
            reason = "it opened and ended while it was silenced"
        if reason:
            kept.change_decisions(self.session, [held.number], state=kept.SUPERSEDED, reason=reason)
            return
        kept.change_decisions(
            self.session,
            [held.number],
            state=kept.QUEUED,
            reason=f"{held.reason}; the silence is over",
            due_at=self.now,
        )
        alone = Routing(tuple(r for r in self.routing.routes if r.name == held.route))
        after = decide([held.notice], alone, (), {(held.route, held.group): state}, self.now)
        self._save(after.groups.get((held.route, held.group), state))

    def _flush(self, key: tuple[str, str]) -> None:
        name, group = key
        route = self.routing.route(name)
        waiting = kept.queued(self.session, name, group)
        if route is None or not waiting:
            return
        state = self._group(name, group)
        by_id = {one.notice.id: one for one in waiting}
        for message in messages_of([one.notice for one in waiting], self._kind(route)):
            of = [by_id[notice.id] for notice in message.notices]
            state, made = self._make(state, route, message, of[0].reason)
            numbers = [one.number for one in of]
            kept.change_decisions(self.session, numbers, state=kept.SENT, delivery=made)
        said = {notice.incident for notice in (one.notice for one in waiting)}
        told = {
            incident: replace(known, said_at=self.now) if incident in said else known
            for incident, known in state.told.items()
        }
        self._save(replace(state, told=told))

    def _remind(self, state: GroupState, silences: Sequence[Silence]) -> None:
        route = self.routing.route(state.route)
        if route is None:
            kept.save_group(self.session, state, None)
            return
        said: set[str] = set()
        for message in reminders(state, route, self._kind(route), silences, self.now):
            reason = f"still open, and last said {route.repeat_interval:.0f} s ago or longer"
            state, _ = self._make(state, route, message, reason)
            said |= {notice.incident for notice in message.notices}
        told = {
            incident: replace(known, said_at=self.now) if incident in said else known
            for incident, known in state.told.items()
        }
        self._save(replace(state, told=told))

    def _make(
        self, state: GroupState, route: Route, message: Message, reason: str
    ) -> tuple[GroupState, str | None]:
        state = replace(state, sequence=state.sequence + 1, last_sent_at=self.now)
        new = NewDelivery(
            route=route.name,
            channel=route.channel,
            group=state.group,
            sequence=state.sequence,
            order_key=self._order_key(route, state.group, message),
            message=message,
            reason=reason,
            second=route.second,
        )
        made = add_delivery(self.session, new, self.now)
        self.turned.made += made is not None
        return state, made

    def _second_routes(self) -> None:
        after = timedelta(seconds=SECOND_ROUTE_AFTER)
        for late in undelivered_loud(self.session, self.now, after):
            via = (*late.via, late.route)
            second = self.routing.route(late.second)
            if second is None:
                self.turned.problems.append(
                    f"{late.severity} {late.message.id}: there is no second route {late.second}"
                )
                continue
            new = NewDelivery(
                route=second.name,
                channel=second.channel,
                group=f"second/{late.id}",
                sequence=1,
                order_key=self._order_key(second, late.group, late.message),
                message=late.message,
                reason=f"the route {late.route} gave no answer ({late.id})",
                second="" if second.second in (*via, second.name) else second.second,
                via=via,
            )
            self.turned.second += add_delivery(self.session, new, self.now) is not None
            note_second(self.session, late.id, self.now)

    def _order_key(self, route: Route, group: str, message: Message) -> str:
        """What goes out in order: an incident's notices; people's messages by their group."""
        if self._kind(route) not in MACHINE:
            return f"group/{group}"
        return f"incident/{message.notices[0].incident or message.id}"

    def _group(self, route: str, group: str) -> GroupState:
        known = kept.groups(self.session, [(route, group)])
        return known.get((route, group), GroupState(route, group))

    def _save(self, state: GroupState) -> None:
        route = self.routing.route(state.route)
        remind_at = None if route is None else self._remind_at(state, route)
        kept.save_group(self.session, state, remind_at)

    def _remind_at(self, state: GroupState, route: Route) -> datetime | None:
        kind = self._kind(route)
        keeps = kind == "alertmanager"
        seconds = route.repeat_interval or (REPEAT_INTERVAL if keeps else 0.0)
        if kind == "ocsf" or not seconds:
            return None
        moments = [
            told.said_at + timedelta(seconds=seconds)
            for told in state.told.values()
            if told.repeats or keeps
        ]
        if not moments:
            return None
        # What a silence holds back is looked at again soon, and not in every round.
        return max(min(moments), self.now + _LOOK_AGAIN)

    def _kind(self, route: Route) -> str:
        return self.kinds.get(route.channel, "")
