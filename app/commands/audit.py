"""`lakewarden audit`: the whole flow."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from app.commands.options import config_option, examples, lake_choice, lake_options
from app.commands.progress_bar import shown_progress
from app.commands.watching import watch_lake, watch_options

FORMATS = ("text", "json", "ndjson", "csv", "parquet", "html")
WATCH_FORMATS = ("text", "json", "ndjson")


@click.command(
    "audit",
    epilog=examples(
        "lakewarden audit",
        "lakewarden audit --format html --output report.html --fail-on SEV2",
        "lakewarden audit --source metastore+sqlite:///lake.db --mode sql-standard "
        "--directory csv:people",
        "lakewarden audit --watch --format json",
    ),
)
@lake_options
@config_option
@click.option(
    "--format",
    "output",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How to print the run.",
)
@click.option(
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report to a file instead of standard output.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"]),
    default="SEV4",
    show_default=True,
    help="The mildest severity that makes the exit code 1.",
)
@watch_options
@click.option("--no-crawl", is_flag=True, help="Judge the newest snapshot; do not crawl.")
def command(
    config: Path | None,
    output: str,
    target: Path | None,
    fail_on: str,
    no_crawl: bool,
    watch: bool,
    interval: float,
    full_every: float,
    **options: Any,
) -> None:
    """Crawl a lake, work out who can really do what, judge it and report.

    Exit 0: clean. 1: exposures. 2: something could not be read or judged (2 wins over 1;
    what was judged is recorded all the same). With --watch, the code of the last round,
    once it is stopped; each round is recorded like any other run.
    """
    from app import wiring
    from app.settings import load_settings

    if watch and (no_crawl or target is not None or output not in WATCH_FORMATS):
        raise click.UsageError("--watch prints a line a round: text, json or ndjson, no report.")
    _check_target(output, target)
    settings = load_settings(config)
    lake = wiring.choose_lake(settings, lake_choice(options))
    if watch:
        from app.watch import Judging

        judging = Judging(fail_on)
        watch_lake(settings, lake, judging, interval=interval, full_every=full_every, output=output)
    with shown_progress() as progress:
        recorded = wiring.run_audit(
            settings, lake, fail_on=fail_on, crawl_first=not no_crawl, progress=progress
        )
    try:
        print_report(recorded.folder, output, target, config)
    except BrokenPipeError:
        # Who looked at the report has gone; the verdict stands.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for note in recorded.notes:
        click.echo(f"Note: {note}", err=True)
    sys.exit(recorded.posture["exit_code"])


def _check_target(output: str, target: Path | None) -> None:
    """Before the long work: can its report be written at all?"""
    if target is None:
        if output == "parquet" and sys.stdout.isatty():
            raise click.UsageError("Parquet is no text: give --output FILE or a pipe.")
        return
    writable = os.access(target if target.exists() else target.parent, os.W_OK)
    if not writable:
        raise click.UsageError(f"--output {target}: it cannot be written there.")


def print_report(
    folder: Path, output: str, target: Path | None, config: Path | None = None
) -> None:
    """Render a run's results to a file or to standard output.

    config: the settings file that was named, which the commands it speaks of need too.
    """
    import shlex
    import shutil

    from app.lake.results import RunResults
    from app.report.registry import render

    report = RunResults(folder).report()
    settings = f" --config {shlex.quote(str(config))}" if config is not None else ""
    if target is not None:
        with target.open("wb") as file:
            render(output, report, file, settings=settings)
        return
    colour = sys.stdout.isatty()
    width = min(shutil.get_terminal_size((100, 24)).columns, 140)
    render(output, report, sys.stdout.buffer, colour=colour, width=width, settings=settings)
    sys.stdout.buffer.flush()
