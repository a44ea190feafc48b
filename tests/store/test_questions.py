"""The trail of questions: complete, bounded, without secrets, and never rewritten."""

import os
import pwd
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from app.store.database import Database, Session, reading_scope, session_scope
from app.store.identifiers import utc_now
from app.store.questions import cli_asker, list_questions, record_question
from app.store.tables import questions

NOW = utc_now()


def ask(session: Session, **given: Any) -> None:
    asked: dict[str, Any] = {
        "asked_by": "token1",
        "question": "GET /v1/who-can",
        "parameters": {"object": "hr.payroll"},
        "status": 200,
        "lake": "prod",
        "now": NOW,
    }
    record_question(session, **{**asked, **given})


def test_a_question_is_kept_as_asked(database: Database) -> None:
    with session_scope(database) as session:
        ask(session)
    with reading_scope(database) as session:
        (kept,) = list_questions(session).items
    assert (kept.asked_by, kept.question, kept.lake) == ("token1", "GET /v1/who-can", "prod")
    assert (kept.asked_at, kept.parameters, kept.status) == (NOW, {"object": "hr.payroll"}, 200)


@pytest.mark.parametrize(
    "statement", [update(questions).values(asked_by="nobody"), delete(questions)]
)
def test_the_trail_cannot_be_rewritten(database: Database, statement: Any) -> None:
    with session_scope(database) as session:
        ask(session)
    with pytest.raises(Exception, match="append-only"), session_scope(database) as session:
        session.execute(statement)
    with reading_scope(database) as session:
        assert len(list_questions(session).items) == 1


def test_the_trail_cannot_be_truncated(database: Database, kind: str) -> None:
    if kind == "sqlite":
        return  # it has no TRUNCATE
    with pytest.raises(Exception, match="append-only"), session_scope(database) as session:
        session.execute(text("TRUNCATE questions"))


def test_it_is_paged_by_key_newest_first(database: Database) -> None:
    with session_scope(database) as session:
        for number in range(5):
            ask(session, status=number)
        first = list_questions(session, limit=2)
        ask(session, status=99)
        second = list_questions(session, limit=2, before=first.next)
        third = list_questions(session, limit=2, before=second.next)
    statuses = [kept.status for page in (first, second, third) for kept in page.items]
    assert statuses == [4, 3, 2, 1, 0]
    assert third.next is None


def test_it_is_filtered(database: Database) -> None:
    with session_scope(database) as session:
        ask(session, status=1)
        ask(session, status=2, asked_by="cli:eva", lake="dev", question="can")
        ask(session, status=3, lake=None, now=NOW + timedelta(hours=1))

        def found(**filters: Any) -> list[int]:
            return [kept.status for kept in list_questions(session, **filters).items]

        assert found(asked_by="cli:eva") == [2]
        assert found(question="can") == [2]
        assert found(lake="prod") == [1]
        assert found(lakes=["prod", "dev"]) == [2, 1]
        assert found(status=3) == [3]
        assert found(since=NOW + timedelta(minutes=1)) == [3]
        assert found(until=NOW) == [2, 1]


def test_passwords_are_not_kept(database: Database) -> None:
    source = "metastore+postgresql://me:hunter2@db/metastore"
    with session_scope(database) as session:
        ask(session, parameters={"source": source, "deep": [{"more": source}]})
        (kept,) = list_questions(session).items
    assert "hunter2" not in str(kept.parameters)
    assert "me:" in str(kept.parameters)


def test_endless_questions_are_cut(database: Database) -> None:
    with session_scope(database) as session:
        ask(
            session,
            parameters={"batch": ["x" * 1000] * 1000},
            lake="l" * 1_000_000,
            question="q" * 1_000_000,
            asked_by="a" * 1_000_000,
        )
        (kept,) = list_questions(session).items
    assert kept.parameters["length"] > 1_000_000
    assert len(kept.parameters["text"]) == kept.parameters["cut_at"]
    assert len(kept.question) == 500


def test_hostile_text_is_kept(database: Database) -> None:
    hostile = "a\x00b\ud83d</script>\u202e'; DROP TABLE questions; --"
    with session_scope(database) as session:
        ask(session, question=hostile, lake=hostile, parameters={hostile: hostile})
        (kept,) = list_questions(session).items
    assert kept.question == hostile.replace("\x00", "\ufffd").replace("\ud83d", "\ufffd")
    assert kept.parameters == {hostile: hostile}


def test_at_the_command_line_the_user_of_the_process_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    assert cli_asker() == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
