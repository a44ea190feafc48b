"""Options that commands share, and what they make of them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from app.wiring import LakeChoice

Command = TypeVar("Command", bound=Callable[..., Any])

_LAKE_OPTIONS = (
    click.option("--lake", metavar="NAME", help="A lake of lakewarden.toml."),
    click.option(
        "--source",
        metavar="URL",
        help="A lake's source in place of --lake, such as metastore+sqlite:///FILE or "
        "metastore+postgresql://USER@HOST/DATABASE.",
    ),
    click.option(
        "--mode",
        type=click.Choice(["sql-standard", "legacy", "ranger", "off", "auto"]),
        help="How the lake's engine authorizes.",
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
        help="The folder of policies (default: the settings', ./policies).",
    ),
)


def examples(*lines: str) -> str:
    """Lines to try, for the end of a command's help."""
    return "\b\nTry:\n" + "\n".join(f"  {line}" for line in lines)


def lake_options(command: Command) -> Command:
    """Add the options that choose a lake; `lake_choice` takes them out again."""
    for option in reversed(_LAKE_OPTIONS):
        command = option(command)
    return command


def lake_choice(options: dict[str, Any]) -> "LakeChoice":
    """Take the lake's options out of a command's keyword arguments."""
    from app.wiring import LakeChoice

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

run_option = click.option("--run", metavar="RUN", help="A run's id (default: the last whole run).")


def limit_option(default: int) -> Callable[[Command], Command]:
    """How many rows to print."""
    return click.option(
        "--limit",
        metavar="N",
        type=click.IntRange(1, 1_000_000_000),
        default=default,
        show_default=True,
        help="At most so many rows.",
    )
