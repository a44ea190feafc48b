"""Pull requests as data (tests/checks/), each with the findings, lines and exit expected."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import wiring
from app.settings import load_settings
from tests.commands.running import run

PULL_REQUESTS = sorted((Path(__file__).parents[1] / "checks").glob("*.yaml"))

_JUNE = (
    "DELETE FROM ROLE_MAP WHERE PRINCIPAL_NAME = 'public' AND ROLE_ID = "
    "(SELECT ROLE_ID FROM ROLES WHERE ROLE_NAME = 'people_analytics_convenience')"
)


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demonstration lake, crawled as it was before June 2026 and as it is since."""
    found = {}
    for name in ("before June", "June"):
        data = tmp_path_factory.mktemp("demo")
        found[name] = wiring.prepare_demonstration(data, 2026, 0)
        if name == "before June":
            connection = sqlite3.connect(data / "lake" / "metastore.sqlite")
            with connection:
                assert connection.execute(_JUNE).rowcount == 1
            connection.close()
        settings = load_settings(found[name], {})
        wiring.crawl(settings.lake("demo"), settings.data)
    return found


def read(path: Path) -> dict[str, Any]:
    """A pull request."""
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def word(text: str, place: dict[str, int]) -> str:
    """The guilty word that a place is about."""
    assert place["line"] == place["end_line"]
    line = text.split("\n")[place["line"] - 1]
    return line[place["column"] - 1 : place["end_column"] - 1].strip("`")


def described(found: dict[str, Any], wanted: dict[str, Any], text: str) -> dict[str, Any]:
    """Of a finding, what the pull request says of it, in its words."""
    said = json.dumps(found, ensure_ascii=False)
    own: dict[str, Any] = {
        "rule": found["rule"],
        "place": f"{found['file']}:{found['place']['line']}",
        "severity": found["severity"],
        "objects": found["objects"],
        "people": found["people"],
        "classes": found["classes"],
    }
    shown = {key: own[key] for key in wanted if key in own}
    if "word" in wanted:
        shown["word"] = word(text, found["place"])
    if "mentions" in wanted:
        shown["mentions"] = wanted["mentions"] if wanted["mentions"] in said else said
    if "mend" in wanted:
        import re

        shown["mend"] = wanted["mend"] if re.search(wanted["mend"], found["mend"]) else found
    return shown


@pytest.mark.parametrize("path", PULL_REQUESTS, ids=lambda path: path.stem)
def test_pull_request(
    path: Path, lakes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = read(path)
    monkeypatch.chdir(tmp_path)
    for name, text in wanted["files"].items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(text.encode())
    options = ["--dialect", wanted.get("dialect", "hive"), "--format", "json"]
    if "as" in wanted:
        options += ["--as", wanted["as"]]
    if "effects" in wanted:
        options += ["--effects", "effects.csv"]
    ran = run("check", *wanted["files"], *options, config=lakes[wanted["lake"]])
    report = ran.json
    for key in ("findings", "suppressed"):
        expected = wanted.get(key, [])
        found = report[key]
        places = [f"{e['file']}:{e['place']['line']} {e['severity']} {e['rule']}" for e in found]
        assert len(found) == len(expected), places
        for one, like in zip(found, expected, strict=True):
            assert described(one, like, wanted["files"][one["file"]]) == like
    for note in wanted.get("notes", []):
        assert any(note in said for said in report["notes"]), report["notes"]
    assert (ran.code, report["exit_code"]) == (wanted["exit"], wanted["exit"]), ran.err
    if "effects" in wanted:
        rows = set(Path("effects.csv").read_text("utf-8").splitlines())
        for row in wanted["effects"]:
            assert ",".join(row) in rows


def test_there_are_ten_and_they_show_what_they_must() -> None:
    rules = {
        finding["rule"] for path in PULL_REQUESTS for finding in read(path).get("findings", [])
    }
    assert len(PULL_REQUESTS) >= 10
    assert {"exposure-to-everyone", "revoke-does-not-close"} <= rules
