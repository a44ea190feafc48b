"""`--watch` of `crawl` and `audit`: rounds until stopped, a line for each."""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from app.settings import LakeSettings, Settings
    from app.watch import Judging, Round

Command = TypeVar("Command", bound=Callable[..., Any])

_WATCH_OPTIONS = (
    click.option(
        "--watch",
        is_flag=True,
        help="Go on: look for signs of change, and crawl when there is one. Until stopped.",
    ),
    click.option(
        "--interval",
        metavar="SECONDS",
        type=click.FloatRange(0.1, 3600),
        default=0.25,
        show_default=True,
        help="With --watch: how often to look.",
    ),
    click.option(
        "--full-every",
        metavar="SECONDS",
        type=click.FloatRange(1, 7 * 86_400),
        default=900.0,
        show_default=True,
        help="With --watch: how often to crawl all of it without a sign.",
    ),
)


def watch_options(command: Command) -> Command:
    """Add the options of a watch: `watch`, `interval` and `full_every`."""
    for option in reversed(_WATCH_OPTIONS):
        command = option(command)
    return command


def watch_lake(
    settings: "Settings",
    lake: "LakeSettings",
    judging: "Judging | None",
    *,
    interval: float,
    full_every: float,
    output: str,
) -> NoReturn:
    """Watch until SIGTERM or Ctrl-C, and exit with the last round's code."""
    from app.core.watching import Pace
    from app.watch import LakeWatch, watch

    told = _json_line if output != "text" else _text_line
    watched = LakeWatch(settings, lake, Pace(interval, full_every), judging)
    first = True

    def tell(made: "Round") -> None:
        nonlocal first
        click.echo(told(made))
        sys.stdout.flush()
        if first and made.problem is None:
            first = False
            for missed in watched.misses:
                click.echo(f"Not noticed before the next whole crawl: {missed}", err=True)

    with stopped_by_signals() as stop:
        code = watch(watched, stop, tell)
    sys.exit(code)


@contextmanager
def stopped_by_signals() -> Iterator[Event]:
    """An event that SIGTERM and Ctrl-C set: the round at work is finished, no other begun.

    A second signal ends the process as it would have without us.
    """
    stop = Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def set_it(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, set_it)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _json_line(made: "Round") -> str:
    said: dict[str, Any] = {
        "at": made.at,
        "why": made.why,
        "parts": list(made.parts),
        "whole": made.whole,
        "seconds": round(made.seconds, 3),
        "changed": made.changed,
        "unnoticed": made.unnoticed,
    }
    if made.snapshot is not None:
        said["snapshot"] = made.snapshot.content_hash
        said["gaps"] = made.snapshot.rows("gaps")
    if made.run is not None:
        posture = made.run.posture
        said["run"] = posture["run"]
        said["exit_code"] = posture["exit_code"]
        said["exposures"] = posture["exposures"]
    if made.problem is not None:
        said["problem"] = {"message": str(made.problem)}
    return json.dumps(said, ensure_ascii=False)


def _text_line(made: "Round") -> str:
    if made.problem is not None:
        return f"{made.at}  could not be read or judged: {made.problem}"
    why = {"first": "first look", "interval": "whole crawl", "again": "after a failure"}
    parts = f"change of {', '.join(made.parts)}" if made.parts else why.get(made.why, made.why)
    said = [f"{made.at}  {parts}:"]
    if made.unnoticed:
        said.append("a change had gone unnoticed;")
    if made.snapshot is not None:
        same = "" if made.changed else ", as before"
        said.append(f"snapshot {made.snapshot.content_hash[:16]}{same}")
    if made.run is not None:
        said.append(_posture(made.run.posture))
    return f"{' '.join(said)}, {made.seconds:.1f} s"


def _posture(posture: Any) -> str:
    exposures = posture["exposures"]
    changes = exposures["by_status"]
    moved = ", ".join(f"{changes[word]:,} {word}" for word in changes if changes[word])
    return (
        f"run {posture['run']}, {exposures['total']:,} exposures"
        f"{f' ({moved})' if moved else ''}, exit {posture['exit_code']}"
    )
