"""`lakewarden crawl`: a snapshot, without judging it."""

import json
from pathlib import Path
from typing import Any

import click

from app.commands.options import config_option, format_option, lake_choice, lake_options
from app.commands.progress_bar import shown_progress


@click.command("crawl")
@lake_options
@config_option
@format_option
def command(config: Path | None, output: str, **options: Any) -> None:
    """Take a snapshot of a lake and its directory. An unchanged lake gives the same one."""
    from app import wiring
    from app.settings import load_settings

    settings = load_settings(config)
    lake = wiring.choose_lake(settings, lake_choice(options))
    with shown_progress() as progress:
        snapshot = wiring.crawl(lake, settings.data, progress)
    counts = {name: said["rows"] for name, said in snapshot.manifest["tables"].items()}
    if output == "json":
        said = {"lake": lake.name, "snapshot": snapshot.content_hash, "rows": counts}
        click.echo(json.dumps({**said, "path": str(snapshot.path)}, indent=1))
        return
    click.echo(f"Snapshot {snapshot.content_hash[:16]} of {lake.name}: {snapshot.path}")
    click.echo(
        f"{counts['tables']:,} tables and views, {counts['columns']:,} columns, "
        f"{counts['grants']:,} grants, {counts['role_members']:,} role memberships, "
        f"{counts['users']:,} users, {counts['gaps']:,} gaps"
    )
