"""Receivers that misbehave in every way the issue names, each met again and again."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.alert.receivers import Handler, Received

GIGABYTE = 1 << 30
_PIECE = b"x" * 65_536
#: Longer than an attempt of the worker under chaos may take.
NEVER = 6.0

#: Way → how often it stands in a deck of receivers' answers; mostly well.
WAYS = {
    "taken": 40,
    "500": 4,
    "429": 3,
    "429 for an hour": 1,
    "410": 1,
    "301": 1,
    "302": 1,
    "307 to the inside": 1,
    "slow": 3,
    "never": 2,
    "hang up": 3,
    "half an answer": 1,
    "no HTTP": 1,
    "a gigabyte, taken": 1,
    "a gigabyte, 500": 1,
}


@dataclass
class Misbehaviour:
    """How receivers answer: out of a shuffled deck, so that no way is left out for long."""

    chance: random.Random
    answered: Counter[str] = field(default_factory=Counter)
    calm: bool = False
    most_read: int = 0  # of a gigabyte, how much somebody took
    _deck: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, handler: Handler, _: Received) -> None:
        """Answer one request."""
        with self._lock:
            way = "taken" if self.calm else self._next()
            self.answered[way] += 1
        _ANSWERS[way](self, handler)

    def _next(self) -> str:
        if not self._deck:
            self._deck = [way for way, count in WAYS.items() for _ in range(count)]
            self.chance.shuffle(self._deck)
        return self._deck.pop()

    def endless(self, handler: Handler, status: int) -> None:
        """Promise a gigabyte, and send until nobody reads any more."""
        handler.send_response(status)
        handler.send_header("content-length", str(GIGABYTE))
        handler.end_headers()
        sent = 0
        with suppress(OSError):
            while sent < GIGABYTE:
                handler.wfile.write(_PIECE)
                sent += len(_PIECE)
        self.most_read = max(self.most_read, sent)
        handler.close_connection = True


def _hang_up(_: Misbehaviour, handler: Handler) -> None:
    handler.close_connection = True


def _raw(content: bytes) -> Callable[[Misbehaviour, Handler], None]:
    def answer(_: Misbehaviour, handler: Handler) -> None:
        handler.wfile.write(content)
        handler.close_connection = True

    return answer


def _slow(receivers: Misbehaviour, handler: Handler) -> None:
    time.sleep(receivers.chance.uniform(0.2, 1.5))
    handler.reply(200)


def _never(_: Misbehaviour, handler: Handler) -> None:
    handler.receiver.stopping.wait(NEVER)
    handler.close_connection = True


def _status(status: int, **headers: str) -> Callable[[Misbehaviour, Handler], None]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _, handler: handler.reply(status, named)


_ANSWERS: dict[str, Callable[[Misbehaviour, Handler], None]] = {
    "taken": _status(200),
    "500": _status(500),
    "429": _status(429, retry_after="1"),
    "429 for an hour": _status(429, retry_after="3600"),
    "410": _status(410),
    "301": _status(301, location="/elsewhere"),
    "302": _status(302, location="/elsewhere"),
    "307 to the inside": _status(307, location="http://169.254.169.254/latest/meta-data/"),
    "slow": _slow,
    "never": _never,
    "hang up": _hang_up,
    "half an answer": _raw(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "no HTTP": _raw(b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    "a gigabyte, taken": lambda receivers, handler: receivers.endless(handler, 200),
    "a gigabyte, 500": lambda receivers, handler: receivers.endless(handler, 500),
}
