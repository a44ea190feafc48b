"""The list of settings: how each is called, read, overridden and defaulted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.core.frozen import frozen
from app.settings.secret_text import REFERENCE, Origin, SecretText

CHANNEL_KINDS = ("webhook", "pagerduty", "slack", "alertmanager", "mail", "ocsf")
MODES = ("sql-standard", "legacy", "ranger", "off", "auto")
GROUPS = ("directory", "none")

Reader = Callable[[Any, Origin, Mapping[str, str]], Any]


@frozen(slots=False)
class Key:
    """One setting: its full name, how it is read, its default and its variable."""

    name: str
    read: Reader
    default: Any
    by_environment: bool = True

    @property
    def variable(self) -> str | None:
        """The environment variable that overrides it."""
        if not self.by_environment:
            return None
        return "LAKEWARDEN_" + self.name.upper().replace(".", "_")

    def default_beside(self, folder: Path) -> Any:
        """The default, a path being relative to the folder of the settings file."""
        return folder / self.default if self.read is _folder and self.default else self.default


def _text(value: Any, origin: Origin, _: Mapping[str, str]) -> str:
    if isinstance(value, str) and value.strip() == value and value.isprintable() and value:
        return value
    raise origin.error(
        "must be a text in quotes, on one line, neither empty nor with spaces around it",
        'Write it as "…"',
    )


def _secret(value: Any, origin: Origin, environ: Mapping[str, str]) -> SecretText:
    written = _text(value, origin, environ)
    for reference in REFERENCE.finditer(written):
        if reference["kind"] not in ("env", "file") or not reference["name"]:
            raise origin.error(
                f"the reference {reference[0]} is not understood",
                "Write ${env:NAME} or ${file:PATH}",
            )
    return SecretText(_anchored(written, origin.folder), origin, environ)


def _key(value: Any, origin: Origin, environ: Mapping[str, str]) -> SecretText:
    return replace(_secret(value, origin, environ), is_all_secret=True)


def _secrets(value: Any, origin: Origin, environ: Mapping[str, str]) -> tuple[SecretText, ...]:
    """One secret, or several while one takes the other's place."""
    written = value if isinstance(value, list) else [value]
    return tuple(_key(one, origin, environ) for one in written)


def _texts(value: Any, origin: Origin, environ: Mapping[str, str]) -> tuple[str, ...]:
    if origin.is_environment:
        value = [one.strip(" ") for one in value.split(",")]
    if not isinstance(value, list):
        raise origin.error("must be a list of texts", 'Write it as ["…", "…"]')
    return tuple(_text(one, origin, environ) for one in value)


def _truth(value: Any, origin: Origin, _: Mapping[str, str]) -> bool:
    if isinstance(value, bool):
        return value
    raise origin.error(f"{value!r} is neither true nor false", "Write true or false, no quotes")


def _folder(value: Any, origin: Origin, environ: Mapping[str, str]) -> Path:
    return origin.folder / _text(value, origin, environ)


def _one_of(*allowed: str) -> Reader:
    def read(value: Any, origin: Origin, _: Mapping[str, str]) -> str:
        if value in allowed and isinstance(value, str):
            return value
        choices = ", ".join(f'"{choice}"' for choice in allowed)
        raise origin.error(f"{value!r} is not known", f"Choose one of {choices}")

    return read


def _whole(least: int, most: int) -> Reader:
    def read(value: Any, origin: Origin, _: Mapping[str, str]) -> int:
        if origin.is_environment and value.isascii() and value.isdigit():
            value = int(value)
        if type(value) is int and least <= value <= most:
            return value
        raise origin.error(
            f"{value!r} is no whole number from {least} to {most}",
            f"Write a number from {least} to {most}, without quotes",
        )

    return read


def _share(value: Any, origin: Origin, _: Mapping[str, str]) -> float:
    if type(value) in (int, float) and 0 < value <= 1:
        return float(value)
    raise origin.error(
        f"{value!r} is no share above 0 and up to 1", "Write for example 0.9, without quotes"
    )


KEYS: tuple[Key, ...] = (
    Key("data", _folder, "data"),
    Key("database", _secret, None),
    Key("policies", _folder, "policies"),
    Key("server.host", _text, "127.0.0.1"),
    Key("server.port", _whole(0, 65535), 8080),
    Key("retention.keep_days", _whole(0, 36500), 90),
    Key("retention.keep_count", _whole(0, 1_000_000), 10),
    Key("retention.keep_deliveries", _whole(0, 10_000_000), 1_000),
    Key("tokens.pepper", _key, None),
    Key("log.format", _one_of("plain", "json"), "plain"),
    Key("log.level", _one_of("debug", "info", "warning", "error"), "info"),
    Key("alerts.allow", _texts, None),
    Key("alerts.url", _text, None),
    Key("lakes.NAME.source", _secret, None, by_environment=False),
    Key("lakes.NAME.mode", _one_of(*MODES), "auto", by_environment=False),
    Key("lakes.NAME.directory", _secret, None, by_environment=False),
    Key("lakes.NAME.groups", _one_of(*GROUPS), None, by_environment=False),
    Key("lakes.NAME.everyone_at", _share, 0.9, by_environment=False),
    Key("lakes.NAME.schedule", _text, None, by_environment=False),
    Key("lakes.NAME.policies", _folder, None, by_environment=False),
    Key("channels.NAME.kind", _one_of(*CHANNEL_KINDS), None, by_environment=False),
    Key("channels.NAME.url", _key, None, by_environment=False),
    Key("channels.NAME.secret", _secrets, None, by_environment=False),
    Key("channels.NAME.from", _text, None, by_environment=False),
    Key("channels.NAME.to", _texts, None, by_environment=False),
    Key("channels.NAME.trail", _truth, None, by_environment=False),
)

BY_NAME = {key.name: key for key in KEYS}


def _anchored(url: str, folder: Path) -> str:
    """The URL with a relative path in it made relative to the folder of the file."""
    for prefix in ("csv:", "sqlite:///"):
        before, found, path = url.partition(prefix)
        if found and path and not path.startswith(("/", "${")) and "/" not in before:
            return f"{before}{found}{folder / path}"
    return url
