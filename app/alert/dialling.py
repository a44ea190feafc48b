"""Connections to vetted addresses, each operation within what is left of the total time."""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore2

from app.alert.addresses import AllowList, Resolve, resolved, vetted

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 10.0, 15.0, 20.0


class Deadline:
    """The moment at which an attempt ends, whatever the receiver does."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds

    def left(self, wanted: float | None, error: type[Exception]) -> float:
        """The shorter of `wanted` and what is left; raises `error` when nothing is."""
        rest = self.until - time.monotonic()
        if rest <= 0:
            raise error("the time for the whole attempt is over")
        return rest if wanted is None else min(wanted, rest)


class VettedBackend(httpcore2.NetworkBackend):
    """Resolves and vets each name, and dials the vetted address only.

    The name stays what TLS verifies and what stands in the Host header.
    """

    def __init__(
        self,
        allow: AllowList,
        deadline: Deadline,
        resolve: Resolve = resolved,
        dial: httpcore2.NetworkBackend | None = None,
    ) -> None:
        self.allow, self.deadline, self.resolve = allow, deadline, resolve
        self.dial = dial or httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first vetted address that answers."""
        addresses = vetted(host, port, self.allow, self.resolve)
        failed: Exception = httpcore2.ConnectError("no address")
        for address in addresses:
            left = self.deadline.left(timeout, httpcore2.ConnectTimeout)
            try:
                stream = self.dial.connect_tcp(
                    str(address), port, left, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
            else:
                return TimedStream(stream, self.deadline)
        raise failed

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        """Never: receivers are reached over the network."""
        raise httpcore2.ConnectError("receivers are reached over the network")


class TimedStream(httpcore2.NetworkStream):
    """A stream whose reads and writes end with the attempt, byte by byte or not."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self.stream, self.deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What came."""
        left = self.deadline.left(timeout, httpcore2.ReadTimeout)
        return self.stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        self.stream.write(buffer, self.deadline.left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        """End the connection."""
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """The same stream, encrypted, for the name and not for the address."""
        left = self.deadline.left(timeout, httpcore2.ConnectTimeout)
        return TimedStream(self.stream.start_tls(ssl_context, server_hostname, left), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the stream underneath knows."""
        return self.stream.get_extra_info(info)
