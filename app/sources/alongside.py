"""Two streams as one, the second read ahead in a thread of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event
from typing import TypeVar

_Item = TypeVar("_Item")

_AHEAD = 4  # items of the second stream that may wait
_PATIENCE = 0.1  # seconds until a waiting side looks whether the other has given up


def alongside(first: Iterator[_Item], second: Iterator[_Item]) -> Iterator[_Item]:
    """Yield the items of both, each stream's own in their order.

    `first` is read in the caller's thread. What either raises is raised here; a caller
    who stops early stops the thread before this returns.
    """
    items: Queue[_Item] = Queue(_AHEAD)
    given_up = Event()

    def read_ahead() -> None:
        for item in second:
            while not given_up.is_set():
                with suppress(Full):
                    items.put(item, timeout=_PATIENCE)
                    break
            if given_up.is_set():
                return

    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(read_ahead)
        try:
            for item in first:
                yield item
                while not items.empty():
                    yield items.get()
                if reading.done():
                    reading.result()
            while not (reading.done() and items.empty()):
                with suppress(Empty):
                    yield items.get(timeout=_PATIENCE)
            reading.result()
        finally:
            given_up.set()
