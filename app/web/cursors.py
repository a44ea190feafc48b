"""Cursors: where a list goes on, opaque, signed, and good for one question only.

A cursor pins the run it was given out for: the pages of one walk are all of that run,
whatever was audited meanwhile. It is signed with the tokens' pepper, so what comes back
is what was given out, and it names no machine: any process of the installation reads it.
"""

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from typing import Any

from app.store.pepper import Pepper
from app.web.errors import BadCursorError

LONGEST = 8_000
_SIGNATURE = 24
PATTERN = rf"^[A-Za-z0-9_-]+\.[0-9a-f]{{{_SIGNATURE}}}$"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: the run it is of (empty where it is of none), and after what."""

    run: str = ""
    after: Any = None


BEGIN = Place()


@dataclass(frozen=True)
class Cursors:
    """Writes and reads the cursors of one installation."""

    pepper: Pepper

    def write(self, question: str, place: Place) -> str:
        """The cursor to give out. question: the address with all it asks but the page."""
        said = json.dumps([place.run, place.after], separators=(",", ":")).encode()
        text = base64.urlsafe_b64encode(said).decode().rstrip("=")
        return f"{text}.{self._signature(question, text)}"

    def read(self, question: str, cursor: str) -> Place:
        """The place behind a cursor. Raises BadCursorError."""
        text, _, signature = cursor.rpartition(".")
        expected = self._signature(question, text).encode()
        if not hmac.compare_digest(expected, signature.encode("utf-8", "replace")):
            raise _refused()
        try:
            run, after = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (binascii.Error, ValueError):
            raise _refused() from None
        return Place(run, after)

    def _signature(self, question: str, text: str) -> str:
        return self.pepper.hash(f"cursor\0{question}\0{text}")[:_SIGNATURE]


def _refused() -> BadCursorError:
    return BadCursorError(
        "no page of this question begins at that cursor",
        mend="Give back the `next` of the page before with the same filters, or start without one",
    )
