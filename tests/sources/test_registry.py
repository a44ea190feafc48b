"""Sources and directories by address: which are known, and what is never shown."""

import subprocess
import sys

import pytest

from app.core.errors import DirectoryError, SourceError
from app.sources.registry import open_directory, open_source
from app.sources.source_url import parse_source_url

SECRETS = ["hunter2", "p%40ss", "p@ss"]


@pytest.mark.parametrize("url", ["oracle://u:hunter2@h/d", "nonsense", "", "hunter2", ":", "a b:c"])
def test_an_unknown_scheme_names_the_known_ones(url: str) -> None:
    with pytest.raises(SourceError, match=r"metastore\+postgresql:.*metastore\+sqlite:") as raised:
        open_source(url)
    assert "hunter2" not in str(raised.value)
    with pytest.raises(DirectoryError, match="Known are csv:"):
        open_directory(url)


@pytest.mark.parametrize(
    "url",
    [
        "metastore+postgresql://u:hunter2@h:5432/hive?schema=x&sslmode=require",
        "metastore+postgresql://u:p%40ss@[::1]:5432/hive",
        "metastore+mysql://u:hunter2@h/hive",
        "METASTORE+MYSQL://u:hunter2@h/hive",
    ],
)
def test_a_label_shows_no_password(url: str) -> None:
    label = open_source(url).label
    assert not any(secret in label for secret in SECRETS)
    assert label.endswith("/hive")


@pytest.mark.parametrize(
    "url",
    [
        "metastore+postgresql://u:hunter2@h:port/hive",
        "metastore+postgresql://u:hunter2@h/hive?password=hunter2",
        "metastore+postgresql://u:hunter2@[h/hive",
        "metastore+mysql://u:hunter2@h/hive?charset=hunter2",
        "metastore+mysql://u:hunter2@h/hive?connect_timeout=hunter2",
        "metastore+sqlite://u:hunter2@h/hive.db",
    ],
)
def test_an_address_that_cannot_be_used_shows_no_password_either(url: str) -> None:
    with pytest.raises(SourceError) as raised:
        list(open_source(url).crawl())
    assert "hunter2" not in str(raised.value) + repr(raised.value.__cause__)


def test_an_address_is_decoded() -> None:
    address = parse_source_url("metastore+mysql://u%40x:p%3A%2F@h:1/d%20b")
    assert (address.user, address.password, address.port) == ("u@x", "p:/", 1)
    assert address.database == "d b"
    assert "p:/" not in repr(address)


def test_no_driver_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys; from app.sources.registry import open_source;"
        "open_source('metastore+sqlite:///x.db'); open_source('metastore+postgresql://h/d');"
        "print([name for name in sys.modules if 'adbc' in name or 'pymysql' in name])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
