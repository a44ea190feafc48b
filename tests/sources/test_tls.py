"""Live doors over TLS whose server nobody vouches for, or that is none."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_server

import pytest

from app.core.errors import SourceError
from tests.alert.certificates import server_context
from tests.postgres_cluster import free_port
from tests.sources.crawling import crawl

_ADDRESSES = ("hive://ann:secret@localhost:{}/?auth=LDAP", "thrift://localhost:{}/?framed=true")


@contextmanager
def _listening(context: ssl.SSLContext) -> Iterator[int]:
    """A server that shakes hands, and ends every connection."""
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            with suppress(OSError):
                found, _ = listener.accept()
                with suppress(OSError), found:
                    context.wrap_socket(found, server_side=True).close()

    with create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stopping.set()
            thread.join()


@pytest.mark.parametrize("address", _ADDRESSES)
def test_a_certificate_that_nobody_trusts_is_refused(address: str, tmp_path: Path) -> None:
    server, _ = server_context(tmp_path, "localhost")
    with _listening(server) as port:
        with pytest.raises(SourceError, match="certificate verify failed") as raised:
            crawl(address.format(port) + "&tls=true&timeout=5")
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize("address", _ADDRESSES)
def test_nobody_behind_tls_is_an_error_of_the_source(address: str) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        crawl(address.format(free_port()) + "&tls=true&timeout=5")
