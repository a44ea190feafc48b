"""From queued notices to messages: what one request holds, and reminders of what is open."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.core.incidents import Notice
from app.core.routes import MACHINE, REPEAT_INTERVAL, GroupState, Message, Route, Silence, worst

#: So many notices at most stand in one message to people; the next message has the rest.
MOST_NOTICES = 50


def messages_of(notices: Sequence[Notice], channel_kind: str) -> tuple[Message, ...]:
    """Queued notices of one group as messages: one each for machines, together for people.

    A message of one notice has the notice's id; one of several has an id made of theirs.
    """
    size = 1 if channel_kind in MACHINE else MOST_NOTICES
    return tuple(
        _message(tuple(notices[start : start + size])) for start in range(0, len(notices), size)
    )


def reminders(
    state: GroupState, route: Route, channel_kind: str, silences: Sequence[Silence], now: datetime
) -> tuple[Message, ...]:
    """What is still open repeat_interval after it was last said.

    A SIEM keeps its events itself. Alertmanager forgets what is not said again, so it is
    told of everything that is open, acknowledged or not.
    """
    keeps = channel_kind == "alertmanager"
    interval = route.repeat_interval or (REPEAT_INTERVAL if keeps else 0.0)
    if channel_kind == "ocsf" or not interval:
        return ()
    still_open = [
        told.notice
        for _, told in sorted(state.told.items())
        if (told.repeats or keeps)
        and told.said_at + timedelta(seconds=interval) <= now
        and not any(silence.holds(told.notice, now) for silence in silences)
    ]
    # The sequence grows with each message of the group, so no id comes twice.
    return tuple(
        replace(message, id=f"{message.id}-again-{state.sequence}", again=True)
        for message in messages_of(still_open, channel_kind)
    )


def _message(notices: tuple[Notice, ...]) -> Message:
    if len(notices) == 1:
        identity = notices[0].id
    else:
        joined = "\n".join(notice.id for notice in notices)
        identity = f"group-{hashlib.sha256(joined.encode()).hexdigest()[:24]}"
    return Message(
        id=identity,
        at=max(notice.at for notice in notices),
        severity=worst(tuple(notice.severity for notice in notices)),
        notices=notices,
    )
