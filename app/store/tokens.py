"""API tokens: shown once, stored as a keyed hash, limited in scope, lake and time."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from app.core.errors import LakewardenError, NotFoundError, SettingsError
from app.store.database import Session
from app.store.identifiers import utc_now
from app.store.pepper import Pepper
from app.store.tables import tokens
from app.store.token_format import new_plaintext, parse_plaintext

SCOPES = ("read", "run", "admin")
LONGEST_LIFE = timedelta(days=366)
LONGEST_NAME = 100
USE_NOTED_EVERY = timedelta(minutes=1)


class TokenRefusedError(LakewardenError):
    """The bearer token does not let its holder in."""

    code = "token-refused"
    status = 401


@dataclass(frozen=True)
class Token:
    """A token without its secret. `lakes` None means every lake."""

    public_id: str
    name: str
    scopes: frozenset[str]
    lakes: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    def allows(self, scope: str) -> bool:
        """Whether the token has the scope; none includes another."""
        return scope in self.scopes

    def sees(self, lake: str) -> bool:
        """Whether the token may ask about the lake."""
        return self.lakes is None or lake in self.lakes

    def use_is_stale(self, now: datetime) -> bool:
        """Whether `note_use` has something to write."""
        return self.last_used_at is None or now - self.last_used_at >= USE_NOTED_EVERY


@dataclass(frozen=True)
class NewToken:
    """A token just made, with the only sight of its plaintext."""

    token: Token
    plaintext: str = field(repr=False)


def create_token(
    session: Session,
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime,
    pepper: Pepper,
    lakes: Iterable[str] | None = None,
    now: datetime | None = None,
) -> NewToken:
    """Make a token; only its hash is kept."""
    now = now or utc_now()
    wanted, limit = frozenset(scopes), None if lakes is None else sorted(set(lakes))
    _check_wanted(name, wanted, limit, expires_at, now)
    plaintext = new_plaintext()
    values = {
        "public_id": plaintext.public_id,
        "name": name,
        "hash": pepper.hash(plaintext.text),
        "pepper_id": pepper.id,
        "scopes": sorted(wanted),
        "lakes": limit,
        "created_at": now,
        "expires_at": expires_at,
    }
    row = session.execute(insert(tokens).values(values).returning(tokens)).one()
    return NewToken(_token(row), plaintext.text)


def authenticate(
    session: Session, text: str, pepper: Pepper, *, now: datetime | None = None
) -> Token:
    """The token of a plaintext, or TokenRefusedError with the reason.

    That a token expired or was revoked is told only to who has its secret.
    """
    plaintext = parse_plaintext(text)
    if plaintext is None:
        raise _refused("the token is mistyped or cut short", "Copy it whole")
    query = select(tokens).where(tokens.c.public_id == plaintext.public_id)
    row = session.execute(query).one_or_none()
    expected = row.hash if row else pepper.hash("no token")
    if not hmac.compare_digest(expected, pepper.hash(plaintext.text)) or row is None:
        if row is not None and row.pepper_id != pepper.id:
            raise _refused("the token was made with another pepper", "Ask for a new token")
        raise _refused("the token is not known", "Ask for a new token")
    token = _token(row)
    if token.revoked_at is not None:
        raise _refused("the token was revoked", "Ask for a new token")
    if token.expires_at <= (now or utc_now()):
        raise _refused(f"the token expired on {token.expires_at:%Y-%m-%d}", "Ask for a new one")
    return token


def note_use(session: Session, public_id: str, *, now: datetime | None = None) -> None:
    """Note that the token was used, at most once a minute."""
    now = now or utc_now()
    stale = or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at <= now - USE_NOTED_EVERY)
    statement = update(tokens).where(tokens.c.public_id == public_id, stale)
    session.execute(statement.values(last_used_at=now))


def revoke_token(session: Session, public_id: str, *, now: datetime | None = None) -> Token:
    """End a token for good; the moment of the first revocation stays."""
    session.execute(
        update(tokens)
        .where(tokens.c.public_id == public_id, tokens.c.revoked_at.is_(None))
        .values(revoked_at=now or utc_now())
    )
    return token(session, public_id)


def token(session: Session, public_id: str) -> Token:
    """The token with that public id."""
    query = select(tokens).where(tokens.c.public_id == public_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no token {public_id!r}", mend="See: lakewarden token list")
    return _token(row)


def list_tokens(session: Session) -> tuple[Token, ...]:
    """Every token, newest first, ended ones too."""
    order = (tokens.c.created_at.desc(), tokens.c.public_id)
    return tuple(_token(row) for row in session.execute(select(tokens).order_by(*order)))


def has_usable_token(session: Session, *, now: datetime | None = None) -> bool:
    """Whether anybody could be let in at all."""
    query = select(tokens.c.public_id).where(
        tokens.c.revoked_at.is_(None), tokens.c.expires_at > (now or utc_now())
    )
    return session.execute(query.limit(1)).one_or_none() is not None


def _check_wanted(
    name: str,
    scopes: frozenset[str],
    lakes: list[str] | None,
    expires_at: datetime,
    now: datetime,
) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise SettingsError(
            f"a token's name has 1 to {LONGEST_NAME} printable characters",
            mend="Name who uses it and for what",
        )
    if not scopes or not scopes <= set(SCOPES):
        unknown = ", ".join(sorted(scopes - set(SCOPES))) or "none given"
        raise SettingsError(f"a token's scopes: {unknown}", mend=f"Choose from {', '.join(SCOPES)}")
    if lakes == []:
        raise SettingsError(
            "a token limited to no lake is good for nothing", mend="Name lakes, or no limit"
        )
    if not now < expires_at <= now + LONGEST_LIFE:
        raise SettingsError(
            f"a token ends in the future, within {LONGEST_LIFE.days} days",
            mend="Give a nearer end",
        )


def _refused(message: str, mend: str) -> TokenRefusedError:
    return TokenRefusedError(message, mend=mend)


def _token(row: Row[Any]) -> Token:
    values = dict(row._mapping)
    del values["hash"], values["pepper_id"]
    values["scopes"] = frozenset(values["scopes"])
    values["lakes"] = None if values["lakes"] is None else tuple(values["lakes"])
    return Token(**values)
