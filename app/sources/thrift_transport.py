"""Transports to Thrift servers: plain, framed, SASL, HTTP, over TLS or not.

Every socket has a time limit: a SASL handshake with a server that speaks none would
otherwise wait for ever.
"""

import http.client
import logging
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from thrift.Thrift import TException
from thrift.transport import THttpClient, TSocket, TSSLSocket, TTransport

from app.core.errors import SourceError
from app.sources.source_url import SourceUrl

# What the library logs of a failed connection stands in our own errors already.
logging.getLogger("thrift").addHandler(logging.NullHandler())

#: What a broken, refused or silent connection may raise, whatever the transport.
LOST = (TException, OSError, EOFError, http.client.HTTPException, struct.error)

TLS_OPTIONS = ("tls", "tls_ca", "timeout")
_TLS = {"": False, "false": False, "no": False, "true": True, "yes": True, "unverified": True}

DEFAULT_TIMEOUT = 300


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a Thrift server listens, and how to come to it."""

    host: str
    port: int
    context: ssl.SSLContext | None
    timeout: float  # seconds that one answer may take

    def socket(self) -> Any:
        """A socket that is not open yet."""
        if self.context:
            made = _TlsSocket(self.host, self.port, ssl_context=self.context)
        else:
            made = TSocket.TSocket(self.host, self.port)
        made.setTimeout(self.timeout * 1000)
        return made

    def http(self, path: str) -> Any:
        """A client of Thrift over HTTP that is not open yet."""
        scheme = "https" if self.context else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        uri = f"{scheme}://{host}:{self.port}/{path.strip('/')}"
        made = THttpClient.THttpClient(uri, ssl_context=self.context)
        made.setTimeout(self.timeout * 1000)
        return made


class _TlsSocket(TSSLSocket.TSSLSocket):  # type: ignore[misc]
    """A socket that may be closed before it was ever open, as PyHive does with a refused one."""

    def close(self) -> None:
        if self.handle is not None:
            super().close()


def endpoint(address: SourceUrl, default_port: int) -> Endpoint:
    """Where an address points. Raises SourceError for options that mean nothing."""
    if not address.host:
        raise SourceError(
            f"The source address {address.label} names no host",
            mend=f"Write {address.scheme}://host:{default_port}",
        )
    timeout = address.query.get("timeout", str(DEFAULT_TIMEOUT))
    if not timeout.isdigit() or not 1 <= int(timeout) <= 86400:
        raise SourceError(
            f"timeout={timeout} is no number of seconds", mend="Give 1 to 86400, for example 300"
        )
    context = _tls_context(address)
    return Endpoint(address.host, address.port or default_port, context, int(timeout))


def _tls_context(address: SourceUrl) -> ssl.SSLContext | None:
    said = address.query.get("tls", "").lower()
    if said not in _TLS:
        raise SourceError(
            f"tls={said} is not understood", mend="Write tls=true, tls=unverified or leave it out"
        )
    authority = address.query.get("tls_ca")
    if not _TLS[said] and not authority:
        return None
    try:
        context = ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as problem:
        raise SourceError(
            f"The certificates in {authority} cannot be read: {problem}",
            mend="Point tls_ca at a file of PEM certificates",
        ) from None
    if said == "unverified":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def sasl(socket: Any, mechanism: str, **credentials: str | None) -> Any:
    """SASL over a socket. Raises SourceError where the mechanism's library is not there.

    credentials: username and password for PLAIN, service for GSSAPI.
    """
    import thrift_sasl
    from puresasl.client import SASLClient

    if mechanism == "GSSAPI":
        _require_kerberos()
    host = socket.host

    def client() -> Any:
        return _SaslClient(SASLClient(host=host, mechanism=mechanism, **credentials))

    return thrift_sasl.TSaslClientTransport(client, mechanism, socket)


class _SaslClient:
    """pure-sasl under the calls that thrift_sasl makes of cyrus-sasl."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._error = ""

    def _tried(self, call: Callable[[], Any]) -> tuple[bool, Any]:
        try:
            return True, call()
        except Exception as problem:  # noqa: BLE001 - whatever a mechanism's library raises
            self._error = str(problem) or type(problem).__name__
            return False, None

    def start(self, mechanism: str) -> tuple[bool, str, bytes]:
        ok, first = self._tried(self._client.process)
        return ok, mechanism, first or b""

    def step(self, challenge: bytes) -> tuple[bool, bytes]:
        ok, response = self._tried(lambda: self._client.process(challenge))
        return ok, response or b""

    def encode(self, message: bytes) -> tuple[bool, bytes]:
        return self._tried(lambda: self._client.wrap(message))

    def decode(self, message: bytes) -> tuple[bool, bytes]:
        return self._tried(lambda: self._client.unwrap(message))

    def getError(self) -> str:  # noqa: N802 - thrift_sasl calls it so
        return self._error


def _require_kerberos() -> None:
    from importlib.util import find_spec

    if not any(find_spec(name) for name in ("kerberos", "winkerberos")):
        raise SourceError(
            "Kerberos was asked for, and there is no GSSAPI library here",
            mend="Install the Python package kerberos beside Lakewarden, with a valid ticket, "
            "or read the metastore's database",
        )


def buffered(socket: Any) -> Any:
    """A plain transport over a socket."""
    return TTransport.TBufferedTransport(socket)


def framed(socket: Any) -> Any:
    """A framed transport over a socket."""
    return TTransport.TFramedTransport(socket)


def close(transport: Any) -> None:
    """Close a transport in whatever state it is; one over HTTP may not be closed twice."""
    with suppress(*LOST):
        if transport.isOpen():
            transport.close()


def why_lost(problem: BaseException) -> str:
    """What a lost connection says of itself, on one line."""
    text = getattr(problem, "message", None) or str(problem) or type(problem).__name__
    inner = getattr(problem, "inner", None)
    if inner is not None:
        text = f"{text}: {inner}"
    return " ".join(str(text).split())[:300]
