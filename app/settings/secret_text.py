"""Texts that hold or refer to secrets, and where a value was written."""

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from urllib.parse import quote

from app.core.errors import SettingsError
from app.core.frozen import frozen

REFERENCE = re.compile(r"\$\{(?P<kind>[^:{}]*):?(?P<name>[^{}]*)\}")
_PASSWORD = re.compile(r"(?<=://)(?P<user>[^:/@\s]*):(?P<password>\S*)@")
_SECRET_OPTION = re.compile(
    r"(?i)(?P<option>[?&;][^=&;?\s]*(?:pass|pwd|secret|token|key)[^=&;\s]*=)(?P<value>[^&;\s]*)"
)


@frozen(slots=False)
class Origin:
    """Where a value was written: said in messages, and what its paths are relative to."""

    said: str
    folder: Path = Path()
    is_environment: bool = False

    def error(self, message: str, mend: str) -> SettingsError:
        """The error for a value written here."""
        return SettingsError(f"{self.said}: {message}", mend=mend)


@frozen(slots=False)
class SecretText:
    """A text, mostly a URL, that may hold secrets or refer to them.

    `${env:NAME}` and `${file:PATH}` are looked up by `reveal`, at the last moment.
    Whatever shows this object shows it without its secrets.
    """

    written: str
    origin: Origin = Origin("given")
    environ: Mapping[str, str] = field(default_factory=dict, compare=False)
    is_all_secret: bool = False

    def __str__(self) -> str:
        if self.is_all_secret:
            return _hidden(self.written)
        shown = _PASSWORD.sub(_hidden_password, self.written)
        return _SECRET_OPTION.sub(_hidden_option, shown)

    def __repr__(self) -> str:
        return f"SecretText({str(self)!r})"

    def reveal(self) -> str:
        """The text with every reference replaced by what it refers to.

        Within a URL's user, password or options a looked-up value is percent-encoded,
        so a password is written down as it is.
        """
        return REFERENCE.sub(self._look_up, self.written)

    def _look_up(self, reference: re.Match[str]) -> str:
        kind, name = reference["kind"], reference["name"]
        value = self._from_environment(name) if kind == "env" else self._from_file(name)
        return quote(value, safe="") if _is_encoded_part(reference) else value

    def _from_environment(self, name: str) -> str:
        try:
            return self.environ[name]
        except KeyError:
            raise self.origin.error(
                f"the environment has no variable {name}, which ${{env:{name}}} refers to",
                f"Set {name}, or refer to a file with ${{file:PATH}}",
            ) from None

    def _from_file(self, name: str) -> str:
        try:
            return (self.origin.folder / name).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise self.origin.error(
                f"the file {name}, which ${{file:{name}}} refers to, cannot be read: "
                f"{getattr(error, 'strerror', None) or 'it is not UTF-8 text'}",
                "Give the path of a readable file that holds only the secret",
            ) from None


def _is_encoded_part(reference: re.Match[str]) -> bool:
    before, after = reference.string[: reference.start()], reference.string[reference.end() :]
    authority = REFERENCE.sub("", before).partition("://")
    if not authority[1]:
        return False
    if "?" in authority[2]:
        return True
    rest = re.split(r"[/?#]", REFERENCE.sub("", after), maxsplit=1)[0]
    return "/" not in authority[2] and "@" in rest


def _hidden_password(match: re.Match[str]) -> str:
    return f"{match['user']}:{_hidden(match['password'])}@"


def _hidden_option(match: re.Match[str]) -> str:
    return match["option"] + _hidden(match["value"])


def _hidden(value: str) -> str:
    return value if REFERENCE.fullmatch(value) else "***"
