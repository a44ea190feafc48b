"""Every form of HiveQL in the corpus, put to a real Hive in both modes.

What Hive's parser refuses is said not to be understood, and what is understood Hive's
parser takes. Statements are explained, not run, wherever Hive can explain them: the parser
sees them just the same, and nothing is done to the server that other tests share.
"""

from collections.abc import Iterable

import pytest
from pyhive.exc import OperationalError

from app.core.statements.reading import read_statements
from app.core.statements.types import Unparsed
from tests.core.statements.corpus_files import Entry, corpus
from tests.hive.hive_server import ADMIN, HiveServer

pytestmark = pytest.mark.hive

#: What HiveServer2 takes before its parser sees it, and so nobody can explain.
_COMMANDS = ("SET ", "RESET", "DFS ", "ADD ", "LIST ", "DELETE JAR", "COMPILE ", "RELOAD ")
_UNEXPLAINED = (
    *("EXPLAIN ", "PREPARE ", "EXECUTE ", "SET ROLE", "SET AUTOCOMMIT", "START ", "COMMIT"),
    "ROLLBACK",
)


def test_sql_standard(sql_standard_hive: HiveServer) -> None:
    _try(sql_standard_hive)


def test_legacy(legacy_hive: HiveServer) -> None:
    _try(legacy_hive)


def _try(server: HiveServer) -> None:
    entries = [entry for entry in corpus("hive") if not _is_command(entry.text)]
    assert len(entries) >= 300
    taken = _taken(server, entries)

    wrong = [entry.text for entry in entries if entry.hive_accepts != taken[entry.text]]
    assert wrong == [], "the corpus says otherwise of these"
    passed = [entry.text for entry in entries if not taken[entry.text] and not _refused(entry.text)]
    assert passed == [], "Hive's parser refuses these, and we take them"
    understood = [entry for entry in entries if taken[entry.text] and not entry.is_unparsed]
    assert len(understood) >= 150


def _taken(server: HiveServer, entries: Iterable[Entry]) -> dict[str, bool]:
    """Which texts Hive's parser takes, whatever the server then says of their meaning."""
    taken = {}
    with server.connect(ADMIN) as connection, connection.cursor() as cursor:
        for entry in entries:
            text = entry.text
            explained = not text.startswith(_UNEXPLAINED)
            try:
                cursor.execute(f"EXPLAIN {text}" if explained else text)
            except OperationalError as refused:
                said = str(getattr(getattr(refused.args[0], "status", None), "errorMessage", ""))
                if not said:
                    raise
                taken[text] = "ParseException" not in said
            else:
                taken[text] = True
    return taken


def _is_command(text: str) -> bool:
    return text.startswith(_COMMANDS) and not text.startswith(_UNEXPLAINED)


def _refused(text: str) -> bool:
    return all(
        isinstance(each, Unparsed)
        for each in read_statements(text, file="change.sql", dialect="hive")
    )
