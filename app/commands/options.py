"""Options that commands share, and what they make of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from app.wiring import LakeChoice

Command = TypeVar("Command", bound=Callable[..., Any])

_LAKE_OPTIONS = (
    click.option("--lake", metavar="NAME", help="A lake of lakewarden.toml."),
    click.option(
        "--source", metavar="URL", help="A lake's source in place of --lake (see docs/sources.md)."
    ),
    click.option(
        "--mode",
        type=click.Choice(["sql-standard", "legacy", "ranger", "off", "auto"]),
        help="The lake's authorization mode.",
    ),
    click.option("--directory", metavar="URL", help="Its people and groups, such as csv:DIR."),
    click.option(
        "--groups",
        type=click.Choice(["directory", "none"]),
        help="Whether the engine resolves groups at all (unset: not known).",
    ),
    click.option(
        "--policies",
        type=click.Path(path_type=Path, file_okay=False),
        help="The folder of policies.",
    ),
)


def lake_options(command: Command) -> Command:
    """Add the options that choose a lake; the command gets them as `choice`."""
    for option in reversed(_LAKE_OPTIONS):
        command = option(command)
    return command


def lake_choice(options: dict[str, Any]) -> LakeChoice:
    """Take the lake's options out of a command's keyword arguments."""
    return LakeChoice(
        lake=options.pop("lake"),
        source=options.pop("source"),
        mode=options.pop("mode"),
        directory=options.pop("directory"),
        groups=options.pop("groups"),
        policies=options.pop("policies"),
    )


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The settings file (default: ./lakewarden.toml).",
)

format_option = click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print the answer.",
)
