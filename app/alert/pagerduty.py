"""PagerDuty's Events API v2: one dedup_key an incident, over its whole life."""

import hashlib
from typing import Any

from app.alert.bounding import bounded, cell, one_line, to_bytes
from app.alert.sending import Post
from app.alert.webhook import notice_document
from app.alert.wording import headline, link
from app.core.errors import SettingsError
from app.core.incidents import ACKNOWLEDGED, CLAIMED, Notice
from app.core.routes import ENDING, Message

URL = "https://events.pagerduty.com/v2/enqueue"
ROUTING_KEY_LENGTH = 32
LONGEST_SUMMARY, LONGEST_KEY = 1024, 255
LARGEST_DETAILS = 60_000  # the API takes 512 kB for the whole event
SEVERITIES = {
    "SEV0": "critical",
    "SEV1": "critical",
    "SEV2": "error",
    "SEV3": "warning",
    "SEV4": "info",
}
#: 400: the event is not valid and never will be. Everything else is worth another try.
REFUSED = frozenset({400})


def post(url: str, routing_key: str, message: Message, base: str | None) -> Post:
    """The request for a message of one notice."""
    if len(routing_key) != ROUTING_KEY_LENGTH or not routing_key.isalnum():
        raise SettingsError(
            f"the channel's routing key has not {ROUTING_KEY_LENGTH} letters and digits",
            mend="Copy the integration key of an Events API v2 integration",
        )
    return Post(url, to_bytes(document(routing_key, message, base)), refused=REFUSED)


def document(routing_key: str, message: Message, base: str | None) -> dict[str, Any]:
    """The event. Acknowledge and resolve need the key only; trigger needs a payload."""
    (notice,) = message.notices
    action = action_of(notice)
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(notice),
    }
    if action != "trigger":
        return event
    event["client"] = "Lakewarden"
    url = link(notice, base)
    if url:
        event |= {"client_url": url, "links": [{"href": url, "text": "The incident in Lakewarden"}]}
    event["payload"] = {
        "summary": headline(message, LONGEST_SUMMARY),
        "source": cell(notice.lake, 255) or "lakewarden",
        "severity": SEVERITIES.get(message.severity, "info"),
        "timestamp": message.at,
        "component": "data lake",
        "group": cell(notice.lake, 255) or "lakewarden",
        "class": cell(", ".join(notice.kinds), 255) or notice.kind,
        "custom_details": _harmless(bounded(notice_document(notice, base), LARGEST_DETAILS)),
    }
    return event


def action_of(notice: Notice) -> str:
    """trigger, acknowledge or resolve. A claim that it is mended acknowledges: a crawl will see.

    What the watcher says of itself ends when its data says `"resolved": true`.
    """
    if notice.kind in ENDING or (not notice.incident and notice.data.get("resolved") is True):
        return "resolve"
    return "acknowledge" if notice.kind in (ACKNOWLEDGED, CLAIMED) else "trigger"


def dedup_key(notice: Notice) -> str:
    """The same for every event of an incident: no severity, no run in it."""
    about = notice.incident or f"{notice.kind}/{notice.data.get('key') or notice.id}"
    key = f"lakewarden/{notice.lake}/{about}"
    if len(key) <= LONGEST_KEY and key.isprintable():
        return key
    return f"lakewarden/{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return cell(value, 5_000)
    if isinstance(value, list):
        return [_harmless(one) for one in value]
    if isinstance(value, dict):
        return {one_line(key, 200): _harmless(one) for key, one in value.items()}
    return value
