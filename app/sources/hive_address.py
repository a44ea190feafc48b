"""Addresses of HiveServer2: how to come to it and how to prove who asks."""

from typing import Any

from app.core.errors import SourceError
from app.sources.source_url import SourceUrl, parse_source_url
from app.sources.thrift_transport import TLS_OPTIONS, Endpoint, buffered, endpoint, sasl

OPTIONS = (
    *TLS_OPTIONS,
    *("auth", "transport", "http_path", "database", "kerberos_service_name"),
    *("connections", "details", "sys"),
)
AUTHENTICATIONS = ("NONE", "LDAP", "CUSTOM", "KERBEROS", "NOSASL")
_DEFAULT_PORT = 10000
_DEFAULT_CONNECTIONS = 4


class HiveAddress:
    """A `hive://` address, understood.

    Raises SourceError for options that mean nothing or do not go together.
    """

    def __init__(self, url: str) -> None:
        address = parse_source_url(url, OPTIONS)
        self.address: SourceUrl = address
        self.endpoint: Endpoint = endpoint(address, _DEFAULT_PORT)
        self.authentication = address.query.get("auth", "NONE").upper()
        self.transport = address.query.get("transport", "binary").lower()
        self.details = address.query.get("details", "views").lower()
        #: The database that shows the metastore's own tables; empty where it is not to be asked.
        self.sys = _sys(address)
        self.connections = _connections(address)
        if self.authentication not in AUTHENTICATIONS:
            known = ", ".join(AUTHENTICATIONS)
            raise SourceError(
                f"auth={self.authentication} is not known", mend=f"Choose one of {known}"
            )
        if self.transport not in ("binary", "http"):
            raise SourceError(
                f"transport={self.transport} is not known", mend="Write binary or http"
            )
        if self.details not in ("views", "all"):
            raise SourceError(f"details={self.details} is not known", mend="Write views or all")
        needs_password = self.authentication in ("LDAP", "CUSTOM")
        if needs_password != bool(address.password) and self.authentication != "NONE":
            need = "needs" if needs_password else "takes no"
            raise SourceError(
                f"auth={self.authentication} {need} user:password in the source address",
                mend="Write hive://user:${env:PASSWORD}@host:10000/?auth=LDAP",
            )

    @property
    def proves_a_name(self) -> bool:
        """Whether HiveServer2 asks this door to prove who it is."""
        return self.authentication in ("LDAP", "CUSTOM", "KERBEROS")

    def new_transport(self) -> Any:
        """A transport for one connection. Raises SourceError where a library is missing."""
        query, user = self.address.query, self.address.user or "anonymous"
        if self.transport == "http":
            client = self.endpoint.http(query.get("http_path", "cliservice"))
            client.setCustomHeaders(self._http_headers(user))
            return client
        socket = self.endpoint.socket()
        if self.authentication == "NOSASL":
            return buffered(socket)
        if self.authentication == "KERBEROS":
            service = query.get("kerberos_service_name", "hive")
            return sasl(socket, "GSSAPI", service=service)
        password = self.address.password or "x"  # NONE wants one, and believes any
        return sasl(socket, "PLAIN", username=user, password=password)

    def _http_headers(self, user: str) -> dict[str, str]:
        from base64 import b64encode

        if self.authentication == "KERBEROS":
            raise SourceError(
                "Kerberos over HTTP is not spoken here",
                mend="Use transport=binary with auth=KERBEROS, or LDAP over HTTP with tls=true",
            )
        credentials = f"{user}:{self.address.password or 'x'}".encode()
        return {"Authorization": f"Basic {b64encode(credentials).decode('ascii')}"}


def _connections(address: SourceUrl) -> int:
    said = address.query.get("connections", str(_DEFAULT_CONNECTIONS))
    if not said.isdigit() or not 1 <= int(said) <= 64:
        raise SourceError(f"connections={said} is no number from 1 to 64", mend="Give 4 or so")
    return int(said)


def _sys(address: SourceUrl) -> str:
    name = address.query.get("sys", "sys")
    return "" if name.lower() == "none" else name
