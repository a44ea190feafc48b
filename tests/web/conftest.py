"""The real application on a real lake: crawled, audited, its state in SQLite."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app import wiring
from app.main import create_app
from app.serving import services
from app.settings import Settings, load_settings
from app.store.database import Database, reading_scope, session_scope
from app.store.identifiers import utc_now
from app.store.runs import last_whole_run
from app.store.tokens import create_token
from app.web.services import Services
from tests.web.monitored_lake import write_directory, write_metastore

LAKE, EMPTY = "main", "empty"


@dataclass(frozen=True)
class Place:
    """A data folder with its settings, and the services built on it."""

    folder: Path
    settings: Settings
    database: Database
    services: Services

    def audit(self, lake: str = LAKE) -> str:
        """Crawl and audit; the run's id."""
        return wiring.run_audit(self.settings, self.settings.lake(lake)).run.id

    def newest_run(self, lake: str = LAKE) -> str:
        """The id of the newest whole run."""
        with reading_scope(self.database) as session:
            run = last_whole_run(session, lake)
        assert run is not None
        return run.id

    def token(self, *scopes: str, lakes: list[str] | None = None) -> str:
        """A new token's text."""
        with session_scope(self.database) as session:
            made = create_token(
                session,
                name="test",
                scopes=scopes,
                lakes=lakes,
                expires_at=utc_now() + timedelta(days=1),
                pepper=self.services.pepper,
            )
        return made.plaintext


@pytest.fixture(scope="session")
def audited_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose lake was audited once. To be copied, not used."""
    folder = tmp_path_factory.mktemp("audited")
    _write_settings(folder)
    write_metastore(folder / "metastore.sqlite")
    write_directory(folder / "directory")
    with _opened(folder) as place:
        place.audit()
    return folder


@pytest.fixture(scope="session")
def shared_place(audited_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The audited lake, for tests that change nothing of it."""
    with _opened(_copied(audited_folder, tmp_path_factory.mktemp("shared") / "copy")) as place:
        yield place


@pytest.fixture(scope="module")
def fuzzed_place(audited_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The audited lake, for requests that may revoke, acknowledge or waive whatever they find."""
    with _opened(_copied(audited_folder, tmp_path_factory.mktemp("fuzzed") / "copy")) as place:
        yield place


@pytest.fixture(scope="session")
def shared_client(shared_place: Place) -> Iterator[TestClient]:
    """A client with the scope read on every lake."""
    with _client(create_app(shared_place.services), shared_place.token("read")) as client:
        yield client


@pytest.fixture(scope="session")
def shared_client_of(shared_place: Place) -> Iterator[Callable[..., TestClient]]:
    """Makes clients with chosen scopes on the shared lake, whose audits find nothing new."""
    newest = shared_place.newest_run()
    app = create_app(replace(shared_place.services, audit=lambda lake, progress: newest))
    with TestClient(app):
        yield lambda *scopes, lakes=None: _client(app, shared_place.token(*scopes, lakes=lakes))


@pytest.fixture
def place(audited_folder: Path, tmp_path: Path) -> Iterator[Place]:
    """The audited lake, for a test of its own."""
    with _opened(_copied(audited_folder, tmp_path / "own")) as opened:
        yield opened


@pytest.fixture
def client(place: Place) -> Iterator[TestClient]:
    """A client of its own with every scope."""
    with _client(create_app(place.services), place.token("read", "run", "admin")) as found:
        yield found


@pytest.fixture
def client_of(place: Place) -> Iterator[Callable[..., TestClient]]:
    """Makes clients of one application with chosen scopes."""
    app = create_app(place.services)
    with TestClient(app):
        yield lambda *scopes, lakes=None: _client(app, place.token(*scopes, lakes=lakes))


def _client(app: FastAPI, token: str) -> TestClient:
    return TestClient(app, headers={"Authorization": f"Bearer {token}"})


class _opened:  # noqa: N801
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Place:
        settings = load_settings(self._folder / "lakewarden.toml", {})
        self._state = wiring.opened_state(settings)
        database = self._state.__enter__()
        return Place(self._folder, settings, database, services(settings, database))

    def __exit__(self, *error: Any) -> None:
        self._state.__exit__(None, None, None)


def _write_settings(folder: Path) -> None:
    (folder / "lakewarden.toml").write_text(
        f"""
data = "data"
policies = "{wiring.starter_policies()}"

[lakes.{LAKE}]
source = "metastore+sqlite:///metastore.sqlite"
directory = "csv:directory"
mode = "sql-standard"
groups = "none"

[lakes.{EMPTY}]
source = "metastore+sqlite:///nowhere.sqlite"
mode = "sql-standard"
""",
        encoding="utf-8",
    )


def _copied(old: Path, new: Path) -> Path:
    """A copy whose runs name their results by its own path."""
    shutil.copytree(old, new)
    with sqlite3.connect(new / "data" / "state.db") as connection:
        for table, column in (("runs", "results_path"), ("snapshots", "path")):
            connection.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (str(old), str(new))
            )
    connection.close()
    return new
