"""`lakewarden check` over all the statements of the corpus, and over files that mean harm."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.core.statements.types import DIALECTS
from tests.commands.hand_lake import HandLake
from tests.commands.running import run
from tests.core.statements.corpus_files import corpus

Check = Callable[..., dict[str, Any]]


@pytest.fixture
def check(audited: HandLake, tmp_path: Path) -> Check:
    """Checks one file's bytes and gives the exit and the report."""

    def checked(content: bytes, dialect: str) -> dict[str, Any]:
        file = tmp_path / "change.sql"
        file.write_bytes(content)
        ran = run(
            *("check", str(file), "--dialect", dialect, "--format", "json", "--max-age", "none"),
            config=audited.config,
        )
        assert "Traceback" not in ran.out + ran.err
        found = json.loads(ran.out) if ran.out.strip() else {}
        return {"exit": ran.code, "err": ran.err, **found}

    return checked


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_statement_not_understood_is_a_finding(check: Check, dialect: str) -> None:
    entries = [entry for entry in corpus(dialect) if entry.is_unparsed]
    # What is broken swallows what follows it, so it comes in files of its own below.
    whole = [entry for entry in entries if "never ends" not in str(entry.facts)]
    text = ""
    lines = set()
    for entry in whole:
        lines.add(text.count("\n") + entry.text.count("\n", 0, entry.marks[0][0]) + 1)
        text += entry.text + "\n;\n"

    found = check(text.encode(), dialect)

    assert found["exit"] == 2
    said = {
        each["place"]["line"] for each in found["findings"] if each["rule"] == "unparsed-statement"
    }
    assert lines <= said


@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_that_is_understood_is_applied(check: Check, dialect: str) -> None:
    entries = [entry for entry in corpus(dialect) if not entry.is_unparsed]
    text = "".join(entry.text + "\n;\n" for entry in entries)
    found = check(text.encode(), dialect)
    assert found["exit"] in (1, 2)  # its tables are not there
    assert found["findings"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "content",
    [
        b"SELECT 'a",
        b"GRANT SELECT ON t TO USER `u",
        b"/* never",
        b"SELECT 1;\x00",
        b"GRANT SELECT ON t TO USER u\x00",
        b"SELECT " + b"(" * 1_000 + b"1" + b")" * 1_000,
        b"EXPLAIN " * 1_000 + b"SELECT 1",
        b"SELECT '" + b"a" * 1_000_001 + b"'",
        "GRANT SELECT ON t TO USER Zoë".encode("latin-1"),
        b"\xff\xfe\x00\xd8",
        b"{% if x %}SELECT 1{% endif %}",
        b"SELECT {{ x }}",
        b"garbage",
    ],
)
def test_what_means_harm_never_passes(check: Check, dialect: str, content: bytes) -> None:
    assert check(content, dialect)["exit"] == 2
