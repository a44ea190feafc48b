"""Tokens: shown once, known by their hash, and refused for the right reason."""

import sqlite3
import string
from collections.abc import Iterable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import LakewardenError, NotFoundError, SettingsError
from app.store.database import Database, Session, reading_scope, session_scope
from app.store.identifiers import utc_now
from app.store.pepper import Pepper
from app.store.token_format import new_plaintext, parse_plaintext, with_checksum
from app.store.tokens import (
    NewToken,
    TokenRefusedError,
    authenticate,
    create_token,
    has_usable_token,
    list_tokens,
    note_use,
    revoke_token,
    token,
)

PEPPER = Pepper(b"a pepper for these tests")
NOW = utc_now()
TOMORROW = NOW + timedelta(days=1)


def make(
    session: Session, scopes: Iterable[str] = ("read",), lakes: Iterable[str] | None = None
) -> NewToken:
    return create_token(
        session, name="ci", scopes=scopes, lakes=lakes, expires_at=TOMORROW, pepper=PEPPER
    )


def refusal(database: Database, text: str, pepper: Pepper = PEPPER) -> str:
    with pytest.raises(TokenRefusedError) as caught, reading_scope(database) as session:
        authenticate(session, text, pepper)
    assert caught.value.status == 401
    return caught.value.message


def test_a_token_lets_its_holder_in(database: Database) -> None:
    with session_scope(database) as session:
        made = make(session, ["read", "run"], ["prod", "dev"])
    with reading_scope(database) as session:
        assert authenticate(session, made.plaintext, PEPPER) == made.token
        assert token(session, made.token.public_id) == made.token
    assert made.token.scopes == {"read", "run"}
    assert made.token.lakes == ("dev", "prod")
    assert made.plaintext.startswith(f"lw_{made.token.public_id}_")


def test_scopes_and_lakes_limit_it(database: Database) -> None:
    with session_scope(database) as session:
        admin, reader = make(session, ["admin"]).token, make(session, ["read"], ["dev"]).token
    assert admin.allows("admin")
    assert not admin.allows("read")
    assert admin.sees("any")
    assert reader.sees("dev")
    assert not reader.sees("prod")


def test_the_plaintext_is_nowhere_in_the_database(
    database: Database, kind: str, state_url: str
) -> None:
    with session_scope(database) as session:
        made = make(session)
    secret = made.plaintext.rpartition("_")[2]
    if kind == "sqlite":
        with closing(sqlite3.connect(database.label)) as connection:
            dump = "\n".join(connection.iterdump())
        files = Path(database.label).parent.glob("state.db*")
        raw = b"".join(file.read_bytes() for file in files)
        assert secret.encode() not in raw
        assert made.token.public_id.encode() in raw
    else:
        with psycopg.connect(state_url) as server:
            dump = str(server.execute("SELECT t::text FROM tokens t").fetchall())
    assert made.token.public_id in dump
    assert secret not in dump
    assert secret[:20] not in dump


def test_the_plaintext_is_in_no_repr(database: Database) -> None:
    with session_scope(database) as session:
        made = make(session)
    assert made.plaintext not in repr(made)
    assert "pepper for" not in repr(PEPPER)
    assert new_plaintext().text not in repr(new_plaintext())


def test_an_expired_token_is_refused(database: Database) -> None:
    with session_scope(database) as session:
        made = make(session)
        later = TOMORROW - timedelta(microseconds=1)
        assert authenticate(session, made.plaintext, PEPPER, now=later) == made.token
    with pytest.raises(TokenRefusedError, match="expired on"), reading_scope(database) as session:
        authenticate(session, made.plaintext, PEPPER, now=TOMORROW)


def test_a_revoked_token_is_refused(database: Database) -> None:
    with session_scope(database) as session:
        made = make(session)
        first = revoke_token(session, made.token.public_id)
        assert revoke_token(session, made.token.public_id) == first
    assert first.revoked_at is not None
    assert refusal(database, made.plaintext) == "the token was revoked"


def test_a_wrong_secret_and_an_unknown_token_are_told_the_same(database: Database) -> None:
    with session_scope(database) as session:
        made = make(session)
        revoke_token(session, made.token.public_id)
    stranger = new_plaintext()
    forged = _forge(made.token.public_id)
    assert refusal(database, stranger.text) == refusal(database, forged) == "the token is not known"


def test_another_pepper_is_said(database: Database) -> None:
    with session_scope(database) as session:
        made = make(session)
    said = refusal(database, made.plaintext, Pepper(b"another pepper, not the first"))
    assert said == "the token was made with another pepper"


@pytest.mark.parametrize("text", ["", "lw_", "Bearer x", "lw_abc_def", "x" * 100_000, "lw_é_ü"])
def test_what_is_no_token_is_refused(database: Database, text: str) -> None:
    assert refusal(database, text) == "the token is mistyped or cut short"


@given(st.integers(0, 64), st.sampled_from(string.ascii_letters + string.digits + "_"))
def test_one_wrong_character_is_seen_without_the_database(place: int, character: str) -> None:
    text = new_plaintext().text
    assert parse_plaintext(text) is not None
    changed = text[:place] + character + text[place + 1 :]
    assert (parse_plaintext(changed) is not None) == (changed == text)
    assert parse_plaintext(text + "\n") is None


def test_use_is_noted_at_most_once_a_minute(database: Database) -> None:
    with session_scope(database) as session:
        made = make(session).token
        assert made.use_is_stale(NOW)
        note_use(session, made.public_id, now=NOW)
        note_use(session, made.public_id, now=NOW + timedelta(seconds=59))
        used = token(session, made.public_id)
        assert used.last_used_at == NOW
        assert not used.use_is_stale(NOW + timedelta(seconds=59))
        note_use(session, made.public_id, now=NOW + timedelta(seconds=60))
        assert token(session, made.public_id).last_used_at == NOW + timedelta(seconds=60)


def test_the_list_has_ended_tokens_too(database: Database) -> None:
    with session_scope(database) as session:
        first, second = make(session).token, make(session).token
        assert has_usable_token(session)
        revoke_token(session, first.public_id)
        assert [one.public_id for one in list_tokens(session)] == [
            second.public_id,
            first.public_id,
        ]
        revoke_token(session, second.public_id)
        assert not has_usable_token(session)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"scopes": []}, "scopes: none given"),
        ({"scopes": ["read", "write"]}, "scopes: write.*Choose from read, run, admin"),
        ({"lakes": []}, "limited to no lake"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "line\nbreak"}, "name"),
        ({"expires_at": NOW - timedelta(seconds=1)}, "ends in the future"),
        ({"expires_at": NOW + timedelta(days=400)}, "within 366 days"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(
    database: Database, wrong: dict[str, object], said: str
) -> None:
    wanted = {"name": "ci", "scopes": ["read"], "expires_at": TOMORROW, "pepper": PEPPER, **wrong}
    with pytest.raises(SettingsError, match=said), session_scope(database) as session:
        create_token(session, **wanted)  # type: ignore[arg-type]


def test_an_unknown_token_cannot_be_revoked(database: Database) -> None:
    with (
        pytest.raises(NotFoundError, match="no token 'nobody'"),
        session_scope(database) as session,
    ):
        revoke_token(session, "nobody")


def test_a_refusal_is_an_error_for_users() -> None:
    assert issubclass(TokenRefusedError, LakewardenError)
    assert TokenRefusedError.code == "token-refused"


def _forge(public_id: str) -> str:
    """A well-formed token of that public id with another secret."""
    return with_checksum(f"lw_{public_id}_{'A' * 43}")
