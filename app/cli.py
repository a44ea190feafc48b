"""The `lakewarden` command: a table of commands, each imported when it is run."""

import importlib
import sys
import traceback
from collections.abc import Sequence

import click

from app import __version__
from app.core.errors import LakewardenError

#: command → (module of app.commands, what it does in one line)
COMMANDS = {
    "demo": ("demo", "Build the demonstration lake, audit it and print the report."),
    "init": ("init", "Write a commented lakewarden.toml and starter policies for your lake."),
    "crawl": ("crawl", "Take a snapshot of a lake."),
    "audit": ("audit", "Crawl, judge and report; exit 0 clean, 1 exposures, 2 not all judged."),
    "can": ("can", "Can this user do this? allowed, denied or unknown, and why."),
    "who-can": ("who_can", "Everyone who holds a right on an object, and through what."),
    "what-can": ("what_can", "Everything a user can do, or can and should not."),
    "explain": ("explain", "Every path to one access, the policy lines and the classes."),
    "exposures": ("exposures", "List the exposures of the last or a named run."),
    "changes": ("changes", "What opened and closed since a run or a date."),
    "widest": ("widest", "The grants, roles and nestings that open the most."),
    "lineage": ("lineage", "Views and copies of a table, and whether they are as closed."),
    "gaps": ("gaps", "What could not be seen, and what is in doubt for it."),
    "status": ("status", "Is the watcher itself well? Ages of snapshots and runs."),
    "policy": ("policy", "Check the policies (lint) and run their tests (test)."),
    "snapshot": ("snapshot", "Export, import and prune snapshots."),
    "serve": ("serve", "Serve the REST API."),
    "token": ("token", "Create, list and revoke API tokens."),
    "db": ("db", "Upgrade the state database."),
}


class _Commands(click.Group):
    """Commands by name, imported only when one is run, so that --help stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"app.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lakewarden")
def lakewarden() -> None:
    """Who can read what they should not in your data lake, since when, through which
    grant, and what single change closes it.

    Start with `lakewarden demo`, or `lakewarden init` for your own lake.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. Errors of the user's making end with exit code 2 and their mend."""
    try:
        lakewarden.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.ClickException as problem:
        problem.show()
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output has gone, such as `head`: not our failure.
        sys.stderr.close()
        sys.exit(0)
    except LakewardenError as problem:
        click.echo(f"lakewarden: {problem.code}: {problem}", err=True)
        sys.exit(2)
    except Exception as problem:  # noqa: BLE001 - exit 1 would mean "exposures"; this is 2
        traceback.print_exc()
        click.echo(
            f"lakewarden: internal-error: {type(problem).__name__}: nothing was judged. "
            "Please report the lines above",
            err=True,
        )
        sys.exit(2)
