"""Who asks: bearer tokens looked up in the state database and remembered for a second.

A token that is revoked is refused at once by the process that revoked it and within
REMEMBERED_SECONDS (and the moment a look-up takes) by every other.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime

from app.store.database import Database, reading_scope
from app.store.identifiers import utc_now
from app.store.pepper import Pepper
from app.store.tokens import Token, authenticate

REMEMBERED_SECONDS = 1.0
_MOST_REMEMBERED = 10_000


class Authenticator:
    """Turns a token's text into the token, or refuses it."""

    def __init__(
        self,
        database: Database,
        pepper: Pepper,
        note_use: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._pepper = pepper
        self._note_use = note_use
        self._clock = clock
        self._now = now
        self._known: dict[bytes, tuple[float, Token]] = {}

    def recall(self, text: str) -> Token | None:
        """The token if it was looked up just now and has not expired since."""
        found = self._known.get(_key(text))
        if found is None or found[0] <= self._clock() or found[1].expires_at <= self._now():
            return None
        return found[1]

    def look_up(self, text: str) -> Token:
        """The token by the database. Raises TokenRefusedError."""
        began = self._clock()
        with reading_scope(self._database) as session:
            token = authenticate(session, text, self._pepper)
        if token.use_is_stale(self._now()):
            self._note_use(token.public_id)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[_key(text)] = (began + REMEMBERED_SECONDS, token)
        return token

    def forget(self) -> None:
        """Look everybody up again: a token was revoked here."""
        self._known = {}


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
