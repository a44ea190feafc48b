"""The live doors when things go wrong: no admin, no HiveServer2, one that dies, one that is off."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from TCLIService import TCLIService
from thrift.protocol import TBinaryProtocol
from thrift.transport import TSocket, TTransport

from app import wiring
from app.core.errors import ModeUnknownError, SourceError
from app.core.questions import can_all
from app.core.rights.asked import Asked
from app.lake.results import RunResults
from app.settings import LakeSettings, Settings, load_settings
from app.sources.registry import open_source
from tests.hive.hive_server import ADMIN, HiveServer, hive_server
from tests.hive.oracle import run
from tests.hive.postgres_server import PostgresServer
from tests.postgres_cluster import free_port
from tests.sources.crawling import crawl

pytestmark = pytest.mark.hive

_LAKE = (
    "CREATE DATABASE trouble",
    *(f"CREATE TABLE trouble.t{number} (ssn string)" for number in range(8)),
    "GRANT SELECT ON TABLE trouble.t1 TO USER ann",
)


@pytest.fixture(scope="module")
def loose_hive(hive_postgres: PostgresServer) -> Iterator[HiveServer]:
    """A Hive without SASL that checks nothing, with a service user."""
    settings = {
        "hive.server2.authentication": "NOSASL",
        "hive.security.authorization.enabled": "false",
        "hive.server2.service.users": "hue",
    }
    with hive_server(hive_postgres, "sql-standard", settings=settings) as server:
        yield server


@contextmanager
def _gateway(server: HiveServer) -> Iterator[int]:
    """HTTP in front of a HiveServer2, as a Knox would be; the port it listens on."""
    socket = TSocket.TSocket("127.0.0.1", server.port)
    transport = TTransport.TBufferedTransport(socket)
    behind = TCLIService.Client(TBinaryProtocol.TBinaryProtocol(transport))
    processor = TCLIService.Processor(behind)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/cliservice"
            assert self.headers["Authorization"].startswith("Basic ")
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            answer = TTransport.TMemoryBuffer()
            processor.process(
                TBinaryProtocol.TBinaryProtocol(TTransport.TMemoryBuffer(asked)),
                TBinaryProtocol.TBinaryProtocol(answer),
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer.getvalue())))
            self.end_headers()
            self.wfile.write(answer.getvalue())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    transport.open()
    listener = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield listener.server_port
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
        transport.close()


@pytest.fixture(scope="module")
def lake_of_trouble(sql_standard_hive: HiveServer) -> HiveServer:
    """The usual Hive with a few tables more."""
    assert run(sql_standard_hive, ADMIN, ("SET ROLE ADMIN", *_LAKE)) == []
    return sql_standard_hive


def _lake(folder: Path, source: str, mode: str) -> tuple[Settings, LakeSettings]:
    config = folder / "lakewarden.toml"
    config.write_text(
        f'data = "data"\npolicies = "{wiring.starter_policies()}"\n[lakes.door]\n'
        f'source = "{source}"\nmode = "{mode}"\ngroups = "none"\n',
        "utf-8",
    )
    settings = load_settings(config, {})
    return settings, settings.lake("door")


def test_a_user_who_is_no_admin_is_never_told_clean(
    lake_of_trouble: HiveServer, tmp_path: Path
) -> None:
    url = lake_of_trouble.url.replace(ADMIN, "ann")
    gaps = crawl(url).gaps()
    assert any("SET ROLE ADMIN was refused" in gap for gap in gaps)
    assert any("ROLES may not be read" in gap for gap in gaps)
    settings, lake = _lake(tmp_path, url, "auto")
    done = wiring.run_audit(settings, lake)
    assert done.posture["mode"] == "sql-standard"
    assert done.posture["exit_code"] == 2
    choice = wiring.LakeChoice(source=url, mode="auto", policies=wiring.starter_policies())
    with wiring.opened_view(None, choice) as view:
        (answer,) = can_all(view, [("bob", "select", "trouble.t1")])
    assert answer.answer == "unknown"


def test_off_is_found_by_asking(loose_hive: HiveServer, tmp_path: Path) -> None:
    with _gateway(loose_hive) as port:
        url = f"hive://anybody@127.0.0.1:{port}/?transport=http&connections=1"
        settings, lake = _lake(tmp_path, url, "auto")
        done = wiring.run_audit(settings, lake)
    assert done.posture["mode"] == "off"
    kinds = done.posture["exposures"]["by_kind"]
    assert {"authorization-off", "believes-any-name", "skips-checks"} <= kinds.keys()


def test_the_database_door_asks_a_live_part_beside_it(lake_of_trouble: HiveServer) -> None:
    database = "metastore+" + lake_of_trouble.metastore_url
    nobody = wiring.LakeChoice(source=database, mode="auto")
    settings = load_settings(None, {})
    unasked = wiring.settled(wiring.choose_lake(settings, nobody))
    assert unasked.mode == "auto"  # which no audit takes
    with pytest.raises(ModeUnknownError):
        wiring.audit_parts(unasked, Path("data"), None, "SEV4")  # type: ignore[arg-type]
    both = wiring.LakeChoice(source=f"{database}  {lake_of_trouble.url}", mode="auto")
    assert wiring.settled(wiring.choose_lake(settings, both)).mode == "sql-standard"
    said = crawl(f"{database} {lake_of_trouble.url}").settings()
    assert said["source"] == "metastore-database"
    assert said["hiveserver2.hive.server2.authentication"] == "NONE"


def test_names_that_lead_nowhere() -> None:
    for url in (f"hive://ann@127.0.0.1:{free_port()}", f"thrift://127.0.0.1:{free_port()}"):
        source = open_source(url)
        assert isinstance(source, Asked)
        with pytest.raises(SourceError, match="cannot be read") as raised:
            source.ask()
        assert raised.value.mend


def test_the_wrong_authentication_does_not_hang(lake_of_trouble: HiveServer) -> None:
    url = f"hive://ann@127.0.0.1:{lake_of_trouble.port}/?auth=NOSASL&timeout=1"
    with pytest.raises(SourceError, match="cannot be read"):
        crawl(url)


@pytest.mark.parametrize(
    "url",
    [
        "hive://h/?auth=PAM",
        "hive://h/?transport=udp",
        "hive://h/?details=none",
        "hive://ann@h/?auth=LDAP",
        "hive://ann:x@h/?auth=NOSASL",
        "hive://h/?timeout=0",
        "hive://h/?tls=perhaps",
        "hive://h/?tls_ca=/nowhere/ca.pem",
        "hive://h/?connections=0",
        "hive:///",
        "thrift://h/?sasl=digest",
        "thrift://h/?connections=many",
        "thrift://h/?what=ever",
        "thrift://",
    ],
)
def test_addresses_that_mean_nothing(url: str) -> None:
    with pytest.raises(SourceError) as raised:
        open_source(url)
    assert raised.value.mend


def test_a_server_that_dies_in_the_middle_never_makes_clean(
    loose_hive: HiveServer, tmp_path: Path
) -> None:
    """Last here: the server is gone afterwards."""
    url = f"hive://anybody@127.0.0.1:{loose_hive.port}/?auth=NOSASL&timeout=5"
    settings, lake = _lake(tmp_path, url, "sql-standard")
    whole = wiring.run_audit(settings, lake)
    began = time.monotonic()
    crawl(url)
    took = time.monotonic() - began
    raised: list[Any] = []

    def audit() -> None:
        try:
            wiring.run_audit(settings, lake)
        except SourceError as lost:
            raised.append(lost)

    thread = threading.Thread(target=audit)
    thread.start()
    time.sleep(took * random.Random(4).uniform(0.1, 0.5))
    loose_hive.kill()
    thread.join()
    assert raised
    assert "cannot be read" in raised[0].message
    results = wiring.newest_results(settings, lake)
    assert isinstance(results, RunResults)
    assert results.folder == whole.folder
