"""Slack's incoming webhooks: blocks of plain text, and a fallback line.

Names come from the lake and anybody may have made them up, so they stand in `plain_text`
objects only: Slack reads no markup, mention or link there. Bounds: 50 blocks, 3,000
characters a section, 150 a header; 10,000 characters in all by our own budget.
"""

from typing import Any

from app.alert.bounding import to_bytes
from app.alert.sending import Post
from app.alert.wording import headline, link, words
from app.core.routes import Message

MOST_BLOCKS, LONGEST_SECTION, LONGEST_HEADER = 50, 3_000, 150
BUDGET = 10_000
_RESERVED = 3  # header, "and N more", the button
#: 400 and 413: Slack will never take this payload.
REFUSED = frozenset({400, 413})


def post(url: str, message: Message, base: str | None) -> Post:
    """The request. The address is the secret."""
    return Post(url, to_bytes(document(message, base)), refused=REFUSED)


def document(message: Message, base: str | None) -> dict[str, Any]:
    """The payload: as many notices as fit, then how many more there are."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(headline(message, LONGEST_HEADER))}
    ]
    used, shown = len(headline(message, LONGEST_HEADER)), 0
    for notice in message.notices:
        said = words(notice, base)
        text = "\n".join((said.title, *said.lines))[:LONGEST_SECTION]
        if used + len(text) > BUDGET or len(blocks) + _RESERVED > MOST_BLOCKS:
            break
        blocks.append({"type": "section", "text": _plain(text)})
        used, shown = used + len(text), shown + 1
    hidden = len(message.notices) - shown
    if hidden:
        more = f"and {hidden} more: see lakewarden incidents list"
        blocks.append({"type": "context", "elements": [_plain(more)]})
    url = link(message.notices[0], base)
    if url and len(url) <= LONGEST_SECTION:
        button = {"type": "button", "text": _plain("Open in Lakewarden"), "url": url}
        blocks.append({"type": "actions", "elements": [button]})
    return {
        "text": escaped(headline(message)),
        "blocks": blocks,
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def escaped(text: str) -> str:
    """Text with Slack's three control characters escaped, `&` first."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text or " ", "emoji": False}
