"""The `lakewarden` command: a table of commands, each imported when it is run."""

import atexit
import gc
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any, NoReturn

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
    "check": ("check", "Check grant changes before they merge; exit 1 findings, 2 not judged."),
    "incidents": ("incidents", "List incidents, show one as a story, plan its mend, take it on."),
    "waivers": ("waivers", "Exceptions in force: who approved them, when they end; make and end."),
    "deliveries": ("deliveries", "What alerts went where, every attempt; send again."),
    "silences": ("silences", "Hold matching alerts back for a while."),
    "alerts": ("alert", "Try what would go where and why; test and enable channels."),
    "exposures": ("exposures", "List the exposures of the last or a named run."),
    "changes": ("changes", "What opened and closed since a run or a date."),
    "widest": ("widest", "The grants, roles and nestings that open the most."),
    "lineage": ("lineage", "Views and copies of a table, and whether they are as closed."),
    "gaps": ("gaps", "What could not be seen, and what is in doubt for it."),
    "status": ("status", "Is the watcher itself well? Ages of snapshots and runs."),
    "policy": ("policy", "Check the policies (lint) and run their tests (test)."),
    "snapshot": ("snapshot", "List, export, import and prune snapshots."),
    "serve": ("serve", "Serve the REST API."),
    "worker": ("worker", "Crawl and audit in time, watch, and deliver alerts."),
    "token": ("token", "Create, list and revoke API tokens."),
    "db": ("db", "Upgrade the state database."),
}

#: Exit codes beside 0 clean and 1 findings.
COULD_NOT_JUDGE, STOPPED, READER_GONE = 2, 130, 141


#: A start makes some hundred thousand objects that all stay: looking through them for
#: garbage every 700 takes a tenth of it.
_OBJECTS_TO_COLLECT_AFTER = 100_000


class _ReaderGoneError(Exception):
    """The reader of our output has gone, such as `head`: not our failure."""


class _CtrlC:
    """Remembers that Ctrl-C was pressed: a driver may make another error of it."""

    def __init__(self) -> None:
        self.pressed = False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._press)

    def _press(self, number: int, frame: FrameType | None) -> None:
        self.pressed = True
        raise KeyboardInterrupt


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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    # Where the reader has gone click itself would end with 1, which means "exposures".

    def make_context(self, *given: Any, **more: Any) -> click.Context:
        try:
            return super().make_context(*given, **more)
        except BrokenPipeError:
            raise _ReaderGoneError from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderGoneError from None


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExit codes: 0 clean or answered, 1 findings, 2 not everything could be judged.\n"
    "Every command has examples: lakewarden COMMAND --help",
)
@click.version_option(__version__, prog_name="lakewarden")
def lakewarden() -> None:
    """Who can read what they should not in your data lake, since when, through which
    grant, and what single change closes it.

    Start with `lakewarden demo`, or `lakewarden init` for your own lake.
    """


def command_line() -> NoReturn:
    """What the installed command calls: `main`, in a process that is its own."""
    gc.set_threshold(_OBJECTS_TO_COLLECT_AFTER, *gc.get_threshold()[1:])
    try:
        main()
    except SystemExit as done:
        _leave(done.code)
    _leave(0)


def _leave(code: object) -> NoReturn:
    """End the process without taking it apart object by object, which takes as long as a question.

    What must be done at the end is done: exit handlers run, what is written is flushed.
    A thread that still works is waited for, as always.
    """
    if not isinstance(code, int) or threading.active_count() > 1:
        sys.exit(code if isinstance(code, int) else COULD_NOT_JUDGE)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # its reader has gone: `main` has said so in the code
            continue
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and raise SystemExit with its exit code."""
    _open_streams()
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except (_ReaderGoneError, BrokenPipeError):
        code = READER_GONE
        # What is left in the buffer has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _open_streams() -> None:
    """Closed streams become silent ones; no name is a reason for an open one to fail."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(arguments: list[str]) -> int:
    """Run a command. Errors of the user's making end with exit code 2 and their mend."""
    ctrl_c = _CtrlC()
    try:
        _check_text(arguments)
        code = lakewarden.main(args=arguments, prog_name="lakewarden", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else COULD_NOT_JUDGE
    except (_ReaderGoneError, BrokenPipeError):
        raise
    except (click.exceptions.Abort, KeyboardInterrupt):
        ctrl_c.pressed = True
    except Exception as problem:  # noqa: BLE001 - exit 1 would mean "exposures"; this is 2
        if not ctrl_c.pressed:
            _say(problem)
    if ctrl_c.pressed:
        click.echo("Stopped.", err=True)
        return STOPPED
    return COULD_NOT_JUDGE


def _say(problem: Exception) -> None:
    """What went wrong, and its mend."""
    if isinstance(problem, click.ClickException):
        problem.show()
    elif isinstance(problem, LakewardenError):
        click.echo(f"lakewarden: {problem.code}: {problem}", err=True)
    elif isinstance(problem, OSError):
        where = problem.filename or "a file"
        click.echo(
            f"lakewarden: file-unusable: {where}: {problem.strerror or problem}. "
            "Check the path, its rights and the room on the disk",
            err=True,
        )
    else:
        import traceback

        traceback.print_exception(problem)
        click.echo(
            f"lakewarden: internal-error: {type(problem).__name__}: nothing was judged. "
            "Please report the lines above",
            err=True,
        )


def _check_text(arguments: Sequence[str]) -> None:
    """No name in a lake is anything but Unicode text."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode("ascii", "backslashreplace").decode()
            raise click.UsageError(f"{shown} is not UTF-8 text.") from None
