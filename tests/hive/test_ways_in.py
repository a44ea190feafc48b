"""A real HiveServer2 that asks who comes: by LDAP, over TLS.

Its HTTP transport needs libraries of SAML that are in no public repository of Maven's.
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from app.core.errors import SourceError
from app.core.rights.asked import AUTHENTICATION, HIVESERVER2
from tests.conftest import skip_loudly
from tests.hive.hive_server import ADMIN, hive_server
from tests.hive.ldap_server import PEOPLE, ldap_server
from tests.hive.postgres_server import PostgresServer
from tests.postgres_cluster import NoServerError
from tests.sources.crawling import crawl

pytestmark = pytest.mark.hive

_PASSWORD = "p@ss:w/rd?#%"
_STORE_PASSWORD = "changeit"


@dataclass(frozen=True)
class _Guarded:
    """A HiveServer2 that asks for a password over TLS; the certificates that it shows."""

    port: int
    certificates: Path

    def url(self, password: str, tls: str | None = None) -> str:
        """The administrator's address. tls: in place of trusting its certificate."""
        trust = f"&tls={tls}" if tls is not None else f"&tls_ca={quote(str(self.certificates))}"
        return (
            f"hive://{ADMIN}:{quote(password, safe='')}@127.0.0.1:{self.port}/"
            f"?auth=LDAP&timeout=60{trust}"
        )


@pytest.fixture(scope="module")
def guarded(
    hive_postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_Guarded]:
    """That server."""
    folder = tmp_path_factory.mktemp("tls")
    try:
        with ldap_server({ADMIN: _PASSWORD}) as ldap:
            settings = {
                "hive.server2.authentication": "LDAP",
                "hive.server2.authentication.ldap.url": ldap,
                "hive.server2.authentication.ldap.userDNPattern": f"uid=%s,{PEOPLE}",
                "hive.server2.use.SSL": "true",
                "hive.server2.keystore.path": str(_key_store(folder)),
                "hive.server2.keystore.password": _STORE_PASSWORD,
            }
            with hive_server(hive_postgres, "sql-standard", settings=settings) as server:
                yield _Guarded(server.port, folder / "certificate.pem")
    except NoServerError as missing:
        skip_loudly(missing)


def _key_store(folder: Path) -> Path:
    """A key of our own for 127.0.0.1, by the JDK's keytool; its certificate lies beside it."""
    keytool = shutil.which("keytool")
    assert keytool is not None
    store = folder / "keys.p12"
    common = ("-alias", "hive", "-keystore", str(store), "-storepass", _STORE_PASSWORD)
    made = ("-keyalg", "RSA", "-storetype", "PKCS12", "-validity", "2", "-dname", "CN=localhost")
    commands = (
        (keytool, "-genkeypair", *common, *made, "-ext", "san=ip:127.0.0.1"),
        (keytool, "-exportcert", "-rfc", *common, "-file", str(folder / "certificate.pem")),
    )
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    return store


def test_whoever_knows_the_password_is_let_in(guarded: _Guarded) -> None:
    found = crawl(guarded.url(_PASSWORD))
    assert {row["name"] for row in found.rows("databases")} == {"default"}
    assert {row["role"] for row in found.rows("role_members")} == {"admin"}
    assert all(gap.startswith(("evidence", "lake :")) for gap in found.gaps())
    assert found.settings()[HIVESERVER2 + AUTHENTICATION] == "LDAP"


def test_nobody_else_is(guarded: _Guarded) -> None:
    with pytest.raises(SourceError) as raised:
        crawl(guarded.url("wrong"))
    assert "wrong" not in str(raised.value)
    assert _PASSWORD not in str(raised.value)


def test_a_certificate_that_nobody_trusts_is_refused(guarded: _Guarded) -> None:
    with pytest.raises(SourceError, match=r"(?i)certificate"):
        crawl(guarded.url(_PASSWORD, "true"))
    assert crawl(guarded.url(_PASSWORD, "unverified")).rows("databases")
