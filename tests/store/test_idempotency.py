"""Requests under a key of their sender, on both databases."""

import threading

import pytest

from app.core.errors import BadNameError, ConflictError
from app.store.database import Database, session_scope
from app.store.idempotency import digest_of, forget_requests, once
from app.store.identifiers import utc_now

REQUEST = digest_of("make", {"a": 1})


def test_the_same_request_makes_one_thing(database: Database) -> None:
    made: list[str] = []

    def make() -> str:
        made.append(f"made-{len(made)}")
        return made[-1]

    def ask(actor: str = "me", key: str | None = "k", request: str = REQUEST) -> str:
        with session_scope(database) as session:
            return once(session, actor, key, request, make)

    assert [ask(), ask(), ask("you"), ask(key=None), ask(key=None)] == [
        "made-0",
        "made-0",
        "made-1",
        "made-2",
        "made-3",
    ]
    with pytest.raises(ConflictError, match="another request"):
        ask(request=digest_of("make", {"a": 2}))
    with pytest.raises(BadNameError):
        ask(key="x" * 256)
    with session_scope(database) as session:
        assert forget_requests(session, utc_now()) == 2
    assert ask() == "made-4"


def test_what_fails_is_not_remembered(database: Database) -> None:
    def fails() -> str:
        raise ConflictError("no", mend="")

    with pytest.raises(ConflictError, match="no"), session_scope(database) as session:
        once(session, "me", "k", REQUEST, fails)
    with session_scope(database) as session:
        assert once(session, "me", "k", REQUEST, lambda: "made") == "made"


def test_two_at_once_make_one(database: Database) -> None:
    made: list[int] = []
    answers: list[str] = []
    ready = threading.Barrier(4)

    def make() -> str:
        made.append(1)
        return "one"

    def ask() -> None:
        ready.wait()
        with session_scope(database) as session:
            answers.append(once(session, "me", "k", REQUEST, make))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), answers) == (1, ["one"] * 4)
