"""One HTTP request to a receiver: vetted, bounded in time and size, no redirects."""

import logging
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpcore2
import httpx2

from app.alert.addresses import AddressRefusedError, AllowList, Resolve, resolved
from app.alert.dialling import (
    CONNECT_SECONDS,
    READ_SECONDS,
    TOTAL_SECONDS,
    Deadline,
    VettedBackend,
)
from app.alert.retrying import FAILED, Outcome, of_status

# The client writes whole addresses into its log, and an address can be a secret.
for _talkative in ("httpx2", "httpcore2"):
    logging.getLogger(_talkative).setLevel(logging.WARNING)

#: An answer is read this far at most; what comes after is of no interest.
LONGEST_ANSWER = 64 * 1024
LONGEST_BODY = 512 * 1024


@dataclass(frozen=True, slots=True)
class Post:
    """A request as it goes out: the exact bytes. `url` and `headers` can hold secrets."""

    url: str = field(repr=False)
    body: bytes
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    refused: frozenset[int] = frozenset()  # answers after which trying again is no use


@dataclass(frozen=True)
class Sender:
    """How requests go out: what may be reached, who to trust, how long to wait."""

    allow: AllowList = field(default_factory=AllowList)
    resolve: Resolve = resolved
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    total_seconds: float = TOTAL_SECONDS
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def send(self, post: Post) -> Outcome:
        """Send it once and say what came of it; no exception leaves for a bad receiver."""
        try:
            return self._send(post)
        except AddressRefusedError as refused:
            return Outcome(FAILED, refused.message)
        except (httpcore2.TimeoutException, httpx2.TimeoutException):
            return Outcome(FAILED, "no answer in time")
        except (ssl.SSLError, ssl.CertificateError):
            return Outcome(FAILED, "no trusted TLS connection")
        except (
            httpcore2.NetworkError,
            httpcore2.ProtocolError,
            httpcore2.ConnectError,
            httpx2.HTTPError,
            httpx2.InvalidURL,
            OSError,
        ) as error:
            return Outcome(FAILED, f"no answer ({type(error).__name__})")

    def _send(self, post: Post) -> Outcome:
        url = checked_url(post.url, self.allow)
        if len(post.body) > LONGEST_BODY:
            return Outcome(FAILED, f"{len(post.body)} bytes are too many to send")
        transport = VettedTransport(self, Deadline(self.total_seconds))
        timeout = httpx2.Timeout(self.read_seconds, connect=self.connect_seconds)
        headers = {"user-agent": "lakewarden", "content-type": "application/json", **post.headers}
        with (
            httpx2.Client(
                transport=transport, timeout=timeout, trust_env=False, follow_redirects=False
            ) as client,
            client.stream("POST", url, content=post.body, headers=headers) as answer,
        ):
            _read_a_little(answer)
            return of_status(answer.status_code, answer.headers, datetime.now(UTC), post.refused)


def checked_url(written: str, allow: AllowList) -> httpx2.URL:
    """The address as it is dialled. Raises AddressRefusedError.

    Plain http is for receivers the operator listed; a user or password belongs in a header.
    """
    if not written.isprintable() or " " in written:
        raise AddressRefusedError("the url holds spaces or control characters", mend="Mend it")
    try:
        url = httpx2.URL(written)
    except (httpx2.InvalidURL, ValueError):
        raise AddressRefusedError("the url cannot be read", mend="Write https://…") from None
    if not url.host or url.scheme not in ("https", "http"):
        raise AddressRefusedError("the url is none of http", mend="Write https://…")
    if url.userinfo:
        raise AddressRefusedError(
            "the url holds a user or a password", mend="Use the channel's secret"
        )
    if url.scheme == "http" and not _listed(url.host, allow):
        raise AddressRefusedError(
            "plain http is only for receivers that alerts.allow lists",
            mend="Write https://, or list the host",
        )
    return url


class VettedTransport(httpx2.BaseTransport):
    """httpx2 on connections that `dialling` makes; one connection for one request."""

    def __init__(self, sender: Sender, deadline: Deadline) -> None:
        self.pool = httpcore2.ConnectionPool(
            ssl_context=sender.tls,
            max_connections=1,
            max_keepalive_connections=0,
            network_backend=VettedBackend(sender.allow, deadline, sender.resolve),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass one request on."""
        answer = self.pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.read(),
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_AnswerStream(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Give the connection up."""
        self.pool.close()


class _AnswerStream(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self.answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self.answer.iter_stream()

    def close(self) -> None:
        self.answer.close()


def _read_a_little(answer: httpx2.Response) -> None:
    """The status has come already: a body that is late or endless changes nothing."""
    read = 0
    try:
        for chunk in answer.iter_raw():
            read += len(chunk)
            if read >= LONGEST_ANSWER:
                return
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
        return


def _listed(host: str, allow: AllowList) -> bool:
    """Whether the operator spoke of the host; its addresses are vetted when it is dialled."""
    from ipaddress import ip_address

    if allow.has_name(host):
        return True
    try:
        return allow.has_address(ip_address(host.strip("[]")))
    except ValueError:
        return False
