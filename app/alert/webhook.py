"""Signed webhooks by Standard Webhooks 1.0: headers, secret and body as its text has them."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.alert.bounding import bounded, to_bytes
from app.alert.sending import Post
from app.alert.wording import link
from app.core.errors import SettingsError
from app.core.incidents import Notice
from app.core.routes import Message

PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64
LARGEST_BODY = 20_000
_ROOM_FOR_ENVELOPE = 500


def post(
    url: str, secrets: Sequence[str], message: Message, now: datetime, base: str | None
) -> Post:
    """The request: the body is the message's alone, the timestamp and signature the attempt's."""
    body = to_bytes(document(message, base))
    return Post(url, body, signed_headers(message.id, now, body, secrets))


def signed_headers(
    identity: str, now: datetime, body: bytes, secrets: Sequence[str]
) -> dict[str, str]:
    """`webhook-id`, `-timestamp` and a signature by every secret, over the exact bytes."""
    moment = str(int(now.timestamp()))
    content = b".".join((identity.encode(), moment.encode(), body))
    signatures = (
        base64.b64encode(hmac.new(key_of(secret), content, hashlib.sha256).digest()).decode()
        for secret in secrets
    )
    return {
        "webhook-id": identity,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def key_of(secret: str) -> bytes:
    """The key of a `whsec_…` secret. Raises SettingsError, which does not show it."""
    try:
        if not secret.startswith(PREFIX):
            raise ValueError
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        raise _bad_secret("is not whsec_ and base64") from None
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise _bad_secret(f"holds {len(key)} bytes, not {SHORTEST_KEY} to {LONGEST_KEY}")
    return key


def document(message: Message, base: str | None) -> dict[str, Any]:
    """The body `{type, timestamp, data}`, thin: details stay behind the API."""
    first = message.notices[0]
    if len(message.notices) == 1:
        data = notice_document(first, base)
    else:
        data = {"notices": [notice_document(notice, base) for notice in message.notices]}
    if message.again:
        data["reminder"] = True
    kind = (f"incident.{first.kind}" if first.incident else first.kind).replace("-", "_")
    return {
        "type": kind if len(message.notices) == 1 else "notices",
        "timestamp": message.at,
        "data": bounded(data, LARGEST_BODY - _ROOM_FOR_ENVELOPE),
    }


def notice_document(notice: Notice, base: str | None) -> dict[str, Any]:
    """A notice as JSON, its own fields over those of its data."""
    named: dict[str, Any] = {
        **notice.data,
        "id": notice.id,
        "event": notice.kind,
        "lake": notice.lake,
        "incident": notice.incident,
        "sequence": notice.sequence,
        "at": notice.at,
        "run": notice.run,
        "actor": notice.actor,
        "severity": notice.severity,
        "classes": list(notice.classes),
        "kinds": list(notice.kinds),
        "title": notice.title,
    }
    url = link(notice, base)
    return {**named, "link": url} if url else named


def _bad_secret(what: str) -> SettingsError:
    return SettingsError(
        f"the webhook's secret {what}",
        mend='Make one with: echo "whsec_$(openssl rand -base64 32)"',
    )
