"""Prometheus Alertmanager as a receiver: POST /api/v2/alerts, always with an endsAt.

An alert's labels are its identity there, so what changes over an incident's life (its
severity among it) stands in the annotations.
"""

from datetime import datetime, timedelta
from typing import Any

from app.alert.bounding import one_line, to_bytes
from app.alert.sending import Post
from app.alert.wording import event_words, link, title, words
from app.core.incidents import Notice
from app.core.routes import ENDING, Message

PATH = "/api/v2/alerts"
#: How long an alert lives that is not said again: reminders come every few hours, and a
#: Lakewarden that died does not close what it reported.
LIVES = timedelta(days=3)
_LONGEST_LABEL, _LONGEST_ANNOTATION = 500, 2_000
REFUSED = frozenset({400})


def post(url: str, authorization: str, message: Message, now: datetime, base: str | None) -> Post:
    """The request. `url`: Alertmanager's own, with or without the path of the call."""
    address = url if url.endswith("/alerts") else f"{url.rstrip('/')}{PATH}"
    headers = {"authorization": authorization} if authorization else {}
    return Post(address, to_bytes(document(message, now, base)), headers, REFUSED)


def document(message: Message, now: datetime, base: str | None) -> list[dict[str, Any]]:
    """The alerts of a message's notices."""
    return [_alert(notice, now, base) for notice in message.notices]


def labels(notice: Notice) -> dict[str, str]:
    """The identity: the same for every event of an incident."""
    found = {"alertname": "LakewardenIncident" if notice.incident else "LakewardenNotice"}
    found |= {"lake": notice.lake, "incident": notice.incident}
    if not notice.incident:
        found |= {"event": notice.kind, "about": str(notice.data.get("key") or notice.id)}
    return {key: one_line(value, _LONGEST_LABEL) for key, value in found.items() if value}


def ends(notice: Notice) -> bool:
    """Whether the alert is over with this notice."""
    resolved = not notice.incident and notice.data.get("resolved") is True
    return notice.kind in ENDING or resolved


def _alert(notice: Notice, now: datetime, base: str | None) -> dict[str, Any]:
    said = words(notice, base)
    # Ended at the time of sending, not of the event: Alertmanager takes an end that lies
    # before what it was told last for old news.
    end = now if ends(notice) else now + LIVES
    alert = {
        "labels": labels(notice),
        "annotations": {
            "summary": title(notice),
            "description": "\n".join(said.lines)[:_LONGEST_ANNOTATION],
            "severity": one_line(notice.severity, _LONGEST_LABEL),
            "event": event_words(notice),
            "notice": one_line(notice.id, _LONGEST_LABEL),
        },
        "startsAt": min(notice.at, _moment(now)),
        "endsAt": _moment(end),
    }
    return {**alert, "generatorURL": said.link} if link(notice, base) else alert


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
