"""The pepper: the key that token hashes need and the database does not hold."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from app.core.errors import SettingsError, StateError

FILE_NAME = "token-pepper"
SHORTEST = 16
_READABLE_BY_ALL = 0o007


@dataclass(frozen=True)
class Pepper:
    """The key of token hashes. `id` tells one pepper from another without giving it away."""

    key: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """Stored with each token, to say so when the pepper was changed."""
        return self.hash("pepper id")[:12]

    def hash(self, text: str) -> str:
        """HMAC-SHA256 of the text."""
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


def load_pepper(data: Path, configured: str | None = None) -> Pepper:
    """The configured pepper, else the one in the data folder, made once."""
    if configured is None:
        return Pepper(_from_file(data / FILE_NAME))
    if len(configured) < SHORTEST:
        raise SettingsError(
            f"the pepper in [tokens] is shorter than {SHORTEST} characters",
            mend="Make one with: openssl rand -hex 32",
        )
    return Pepper(configured.encode())


def _from_file(file: Path) -> bytes:
    try:
        if not file.exists():
            _make(file)
        mode, text = file.stat().st_mode, file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(
            f"the token pepper {file} cannot be read or made: {error}",
            mend="Mend its rights, or set pepper in [tokens]",
        ) from None
    if mode & _READABLE_BY_ALL:
        raise StateError(
            f"the token pepper {file} is open to every user of this machine",
            mend=f"Run: chmod 600 {file}; if others may have read it, remove it and all tokens",
        )
    if len(text) < SHORTEST:
        raise StateError(
            f"the token pepper {file} is cut short",
            mend="Put a backup in its place, or remove it and create the tokens anew",
        )
    return text.encode()


def _make(file: Path) -> None:
    """Written aside and linked into place, so that of two makers one pepper stays."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = file.with_name(f"{file.name}.{secrets.token_hex(6)}")
    handle = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_hex(32) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.link(aside, file)
    except FileExistsError:
        return
    finally:
        aside.unlink()
