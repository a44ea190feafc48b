"""Every setting, read once: `lakewarden.toml`, the environment over it, defaults under it.

Nothing else reads the environment or the file. `keys.KEYS` lists each setting with its
environment variable; `docs/settings.md` documents the same list and a test says so.
"""

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from app.core.errors import NotFoundError
from app.core.frozen import frozen
from app.settings.channels import AlertSettings, ChannelSettings, check_channel
from app.settings.document import Document
from app.settings.keys import BY_NAME, CHANNEL_KINDS, GROUPS, KEYS, MODES
from app.settings.secret_text import Origin, SecretText

__all__ = [
    "CHANNEL_KINDS",
    "CONFIG_VARIABLE",
    "FILE_NAME",
    "GROUPS",
    "KEYS",
    "MODES",
    "AlertSettings",
    "ChannelSettings",
    "LakeSettings",
    "LogSettings",
    "RetentionSettings",
    "SecretText",
    "ServerSettings",
    "Settings",
    "load_settings",
]

FILE_NAME = "lakewarden.toml"
CONFIG_VARIABLE = "LAKEWARDEN_CONFIG"


@frozen(slots=False)
class LakeSettings:
    """One lake to audit."""

    name: str
    source: SecretText
    mode: str
    directory: SecretText | None
    groups: str | None
    everyone_at: float
    schedule: str | None
    policies: Path


@frozen(slots=False)
class ServerSettings:
    """Where `lakewarden serve` listens."""

    host: str
    port: int


@frozen(slots=False)
class RetentionSettings:
    """What pruning keeps: all of the last days, and the newest few whatever their age."""

    keep_days: int
    keep_count: int
    keep_deliveries: int


@frozen(slots=False)
class LogSettings:
    """How the log is written."""

    format: str
    level: str


@frozen(slots=False)
class Settings:
    """All settings of this process."""

    file: Path | None
    data: Path
    database: SecretText
    policies: Path
    pepper: SecretText | None
    server: ServerSettings
    retention: RetentionSettings
    log: LogSettings
    lakes: Mapping[str, LakeSettings]
    alerts: AlertSettings = field(default_factory=AlertSettings)

    def lake(self, name: str) -> LakeSettings:
        """The lake of that name."""
        try:
            return self.lakes[name]
        except KeyError:
            known = ", ".join(self.lakes) or "none"
            raise NotFoundError(
                f"no lake is called {name!r} (known: {known})",
                mend=f"Add [lakes.{name}] to {self.file or FILE_NAME}",
            ) from None


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `path`, else $LAKEWARDEN_CONFIG, else ./lakewarden.toml if there."""
    environ = os.environ if environ is None else environ
    document = Document.open(_file(path, environ))
    values = dict(document.values(environ))
    for key in KEYS:
        if key.variable and environ.get(key.variable):
            origin = Origin(key.variable, is_environment=True)
            values[key.name] = key.read(environ[key.variable], origin, environ)

    def value(name: str) -> Any:
        return values.get(name, BY_NAME[name].default_beside(document.folder))

    data = value("data")
    database = SecretText(f"sqlite:///{data / 'state.db'}", Origin("default database"))
    return Settings(
        file=document.file,
        data=data,
        database=value("database") or database,
        policies=value("policies"),
        pepper=value("tokens.pepper"),
        server=ServerSettings(value("server.host"), value("server.port")),
        retention=RetentionSettings(
            value("retention.keep_days"),
            value("retention.keep_count"),
            value("retention.keep_deliveries"),
        ),
        log=LogSettings(value("log.format"), value("log.level")),
        lakes={
            name: _lake(name, values, document, value("policies")) for name in document.lake_names
        },
        alerts=AlertSettings(
            allow=value("alerts.allow") or (),
            url=value("alerts.url"),
            channels={name: _channel(name, values, document) for name in document.channel_names},
        ),
    )


def _lake(name: str, values: Mapping[str, Any], document: Document, policies: Path) -> LakeSettings:
    def value(key: str) -> Any:
        return values.get(f"lakes.{name}.{key}", BY_NAME[f"lakes.NAME.{key}"].default)

    if value("source") is None:
        raise document.origin(f"lakes.{name}").error(
            f"[lakes.{name}] has no source",
            'Add, for example, source = "metastore+postgresql://user@host/metastore"',
        )
    return LakeSettings(
        name=name,
        source=value("source"),
        mode=value("mode"),
        directory=value("directory"),
        groups=value("groups"),
        everyone_at=value("everyone_at"),
        schedule=value("schedule"),
        policies=value("policies") or policies,
    )


def _channel(name: str, values: Mapping[str, Any], document: Document) -> ChannelSettings:
    def value(key: str) -> Any:
        return values.get(f"channels.{name}.{key}", BY_NAME[f"channels.NAME.{key}"].default)

    channel = ChannelSettings(
        name=name,
        kind=value("kind") or "",
        url=value("url"),
        secrets=value("secret") or (),
        sender=value("from"),
        to=value("to") or (),
        trail=bool(value("trail")),
    )
    check_channel(channel, document.origin(f"channels.{name}"))
    return channel


def _file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    if path is not None:
        return path
    if environ.get(CONFIG_VARIABLE):
        return Path(environ[CONFIG_VARIABLE])
    return Path(FILE_NAME) if Path(FILE_NAME).exists() else None
