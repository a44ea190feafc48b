"""Source addresses: taken apart, and shown without their password."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from app.core.errors import SourceError
from app.core.redaction import redact_text


@dataclass(frozen=True, slots=True)
class SourceUrl:
    """`scheme://user:password@host:port/path?key=value`, percent-decoded but for `path`.

    `repr` and `label` never show the password.
    """

    scheme: str
    host: str
    port: int | None
    user: str
    password: str = field(repr=False)
    path: str  # as written, with its leading slash
    query: Mapping[str, str] = field(repr=False)

    @property
    def database(self) -> str:
        """The path without its leading slash, percent-decoded."""
        return unquote(self.path.removeprefix("/"))

    @property
    def label(self) -> str:
        """What the address points at, for messages and the record: no password, no query."""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return redact_text(f"{self.scheme}://{user}{host}{port}{self.path}")


def parse_source_url(url: str, options: tuple[str, ...] = ()) -> SourceUrl:
    """Take an address apart; `options` are the query keys it may have.

    Raises SourceError for an address that is none or an unknown option.
    """
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SourceError(
            f"The source address {_shown(url)} cannot be read",
            mend="Write scheme://user@host:port/database; percent-encode / : @ ? # in its parts",
        ) from None
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(query.keys() - set(options))
    if unknown:
        known = ", ".join(options) or "none"
        raise SourceError(
            f"The source address has an unknown option {', '.join(unknown)}",
            mend=f"Options of {parts.scheme}: {known}",
        )
    return SourceUrl(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        path=parts.path,
        query=query,
    )


def _shown(url: str) -> str:
    scheme = url.partition("://")[0]
    return f"{scheme}://[not shown]" if "://" in url else "[not shown]"
