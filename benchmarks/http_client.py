"""A client that costs little: kept-open connections, prepared requests, no parsing."""

import json
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

_LENGTH = b"content-length:"


class AnswerError(RuntimeError):
    """The server answered something else than 200."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask, and with which token."""

    port: int
    token: str

    def request(self, path: str, parameters: dict[str, str] | None = None) -> bytes:
        """A request as it goes over the wire."""
        asked = quote(path) + (f"?{urlencode(parameters)}" if parameters else "")
        return (
            f"GET {asked} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.token}\r\n\r\n"
        ).encode()


class Connection:
    """One connection, kept open."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def ask(self, request: bytes) -> bytes:
        """The body of the answer. Raises AnswerError."""
        self._socket.sendall(request)
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            self._receive()
        head = self._read[:end]
        start = head.lower().index(_LENGTH) + len(_LENGTH)
        whole = end + 4 + int(head[start:].split(b"\r\n", 1)[0])
        while len(self._read) < whole:
            self._receive()
        body, self._read = self._read[end + 4 : whole], self._read[whole:]
        if not head.startswith(b"HTTP/1.1 200"):
            raise AnswerError(f"{head.decode()}\n{body.decode(errors='replace')}")
        return body

    def document(self, request: bytes) -> Any:
        """The answer as JSON."""
        return json.loads(self.ask(request))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _receive(self) -> None:
        found = self._socket.recv(262_144)
        if not found:
            raise AnswerError("the server hung up")
        self._read += found


@dataclass(frozen=True, slots=True)
class Load:
    """What came of asking for a while."""

    requests: int
    seconds: float
    latencies: Sequence[float]  # seconds, sorted
    body_bytes: int

    @property
    def a_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def latency(self, part: float) -> float:
        """The time within which that part of the requests was answered."""
        return self.latencies[min(len(self.latencies) - 1, int(part * len(self.latencies)))]


def load(server: Server, requests: Sequence[bytes], seconds: float, connections: int) -> Load:
    """Ask for so long on so many connections, each its share of the requests, in turn."""
    asked: list[tuple[list[float], int]] = []
    failed: list[BaseException] = []
    began = time.perf_counter()

    def work(place: int) -> None:
        try:
            asked.append(_share(server, requests[place::connections], began + seconds))
        except BaseException as problem:  # noqa: BLE001 - told in the thread that waits
            failed.append(problem)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    took = time.perf_counter() - began
    latencies = sorted(latency for times, _ in asked for latency in times)
    return Load(len(latencies), took, latencies, sum(size for _, size in asked))


def _share(server: Server, requests: Sequence[bytes], until: float) -> tuple[list[float], int]:
    connection = Connection(server)
    times, size, place = [], 0, 0
    try:
        while (began := time.perf_counter()) < until:
            size += len(connection.ask(requests[place % len(requests)]))
            times.append(time.perf_counter() - began)
            place += 1
    finally:
        connection.close()
    return times, size
