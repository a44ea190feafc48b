"""Lakes that were audited once, made once a session; tests that change them get copies."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.commands.hand_lake import HandLake, payroll_lake
from tests.commands.running import run
from tests.commands.watched import Watched


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> HandLake:
    """The payroll lake, audited once. To be read, not changed."""
    lake = payroll_lake(tmp_path_factory.mktemp("audited") / "lake").write()
    assert run("audit", config=lake.config).code == 1
    return lake


@pytest.fixture
def own(audited: HandLake, tmp_path: Path) -> HandLake:
    """The payroll lake, audited once, for a test of its own."""
    folder = tmp_path / "lake"
    shutil.copytree(audited.folder, folder)
    # Runs and snapshots stand in the state by their absolute paths.
    connection = sqlite3.connect(folder / "data" / "state.db")
    with connection:
        for table, column in (("runs", "results_path"), ("snapshots", "path")):
            connection.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, ?)",
                (str(audited.folder), str(folder)),
            )
    connection.close()
    return payroll_lake(folder)


@pytest.fixture
def watched(own: HandLake) -> Watched:
    """The same, with policies of its own and what must not be lost noted."""
    return Watched(own)


@pytest.fixture(scope="session")
def demo_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration lake, built and audited. It may be audited again, not changed."""
    data = tmp_path_factory.mktemp("demo")
    ran = run("demo", "--data", data)
    assert ran.code == 0
    (data / "report.txt").write_text(ran.out, encoding="utf-8")
    return data / "lakewarden.toml"
