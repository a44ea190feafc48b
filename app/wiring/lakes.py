"""Which lake a command is about, and how that lake authorizes."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import SettingsError
from app.core.frozen import frozen
from app.settings import LakeSettings, SecretText, Settings

if TYPE_CHECKING:
    from app.lake.snapshot import StoredSnapshot


DEFAULT_EVERYONE_AT = 0.9


@frozen
class LakeChoice:
    """What the options of a command said about the lake: a name, or a source in its place."""

    lake: str | None = None
    source: str | None = None
    mode: str | None = None
    directory: str | None = None
    groups: str | None = None
    policies: Path | None = None


def choose_lake(settings: Settings, choice: LakeChoice) -> LakeSettings:
    """The lake that a command is about. Raises SettingsError when that is not clear."""
    if choice.source:
        if choice.lake:
            raise SettingsError("Both --lake and --source were given", mend="Give one of them")
        return lake_of_source(settings, choice)
    name = choice.lake or _only_lake(settings)
    lake = settings.lake(name)
    return replace(
        lake,
        mode=choice.mode or lake.mode,
        directory=SecretText(choice.directory, environ=os.environ)
        if choice.directory
        else lake.directory,
        groups=choice.groups or lake.groups,
        policies=choice.policies or lake.policies,
    )


def _only_lake(settings: Settings) -> str:
    if len(settings.lakes) == 1:
        return next(iter(settings.lakes))
    known = ", ".join(settings.lakes)
    raise SettingsError(
        "Which lake?" if known else "No lake is set up",
        mend=f"Give --lake ({known})" if known else "Run lakewarden init, or give --source",
    )


def lake_of_source(settings: Settings, choice: LakeChoice) -> LakeSettings:
    source = SecretText(str(choice.source), environ=os.environ)
    # The same source is the same lake: its name is made from what it shows of itself.
    digest = hashlib.sha256(str(source).encode()).hexdigest()[:8]
    return LakeSettings(
        name=f"source-{digest}",
        source=source,
        mode=choice.mode or "auto",
        directory=SecretText(choice.directory, environ=os.environ) if choice.directory else None,
        groups=choice.groups,
        everyone_at=DEFAULT_EVERYONE_AT,
        schedule=None,
        policies=choice.policies or settings.policies,
    )


def has_policies(config: Path | None, choice: LakeChoice) -> bool:
    """Whether the folder of policies that a command would judge by is there at all."""
    from app.settings import load_settings

    return choose_lake(load_settings(config), choice).policies.is_dir()


def settled(lake: LakeSettings) -> LakeSettings:
    """The lake with its mode known: where it is `auto`, its live parts are asked now.

    A source that cannot be asked leaves it as it is. Raises SourceError, ModeUnknownError.
    """
    from app.core.rights.asked import Asked, asked_mode
    from app.sources.registry import open_source

    if lake.mode != "auto":
        return lake
    source = open_source(lake.source.reveal())
    return replace(lake, mode=asked_mode(source.ask())) if isinstance(source, Asked) else lake


def settled_by(lake: LakeSettings, snapshot: "StoredSnapshot") -> LakeSettings:
    """The lake with its mode known: where it is `auto`, as was said when it was crawled."""
    from app.core.rights.asked import anybody_was_asked, asked_mode
    from app.core.snapshots import lake_settings

    if lake.mode != "auto":
        return lake
    said = lake_settings(snapshot)
    return replace(lake, mode=asked_mode(said)) if anybody_was_asked(said) else lake


def settled_before(lake: LakeSettings, *, crawled: bool) -> LakeSettings:
    """The mode checked before anything is read for nothing.

    crawled: the lake will be; a snapshot kept earlier says itself what `auto` was then.
    Raises ModeUnknownError.
    """
    from app.core.rights import mode_named

    if crawled:
        lake = settled(lake)
    if crawled or lake.mode != "auto":
        mode_named(lake.mode)
    return lake
