"""`lakewarden crawl`: a snapshot, without judging it."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from app.commands.options import config_option, examples, format_option, lake_choice, lake_options
from app.commands.progress_bar import shown_progress
from app.commands.watching import watch_lake, watch_options


@click.command(
    "crawl",
    epilog=examples(
        "lakewarden crawl --lake main",
        "lakewarden crawl --source metastore+sqlite:///lake.db --directory csv:people",
        "lakewarden crawl --lake main --watch --full-every 3600",
    ),
)
@lake_options
@config_option
@format_option
@watch_options
def command(
    config: Path | None,
    output: str,
    watch: bool,
    interval: float,
    full_every: float,
    **options: Any,
) -> None:
    """Take a snapshot of a lake and its directory. An unchanged lake gives the same one.

    Exit 0: all of it was read. 2: something was not: it is printed, and kept as a gap.
    With --watch, the code of the last crawl, once it is stopped.
    """
    from app import wiring
    from app.commands.answers import say_what_is_missing
    from app.settings import load_settings

    settings = load_settings(config)
    lake = wiring.choose_lake(settings, lake_choice(options))
    if watch:
        watch_lake(settings, lake, None, interval=interval, full_every=full_every, output=output)
    with shown_progress() as progress:
        snapshot = wiring.recorded_crawl(settings, lake, progress)
    counts = {name: said["rows"] for name, said in snapshot.manifest["tables"].items()}
    gaps = snapshot.mapped("gaps").to_pylist()
    if output == "json":
        said = {"lake": lake.name, "snapshot": snapshot.content_hash, "rows": counts}
        click.echo(json.dumps({**said, "gaps": gaps, "path": str(snapshot.path)}, indent=1))
    else:
        click.echo(f"Snapshot {snapshot.content_hash[:16]} of {lake.name}: {snapshot.path}")
        click.echo(
            f"{counts['tables']:,} tables and views, {counts['columns']:,} columns, "
            f"{counts['grants']:,} grants, {counts['role_members']:,} role memberships, "
            f"{counts['users']:,} users, {counts['gaps']:,} gaps"
        )
    say_what_is_missing(gaps)
    sys.exit(2 if gaps else 0)
