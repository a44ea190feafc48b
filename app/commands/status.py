"""`lakewarden status`: is the watcher itself well?"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.options import config_option, examples, format_option

if TYPE_CHECKING:
    from app.store.database import Session


@click.command("status", epilog=examples("lakewarden status", "lakewarden status --max-age 6"))
@click.option(
    "--max-age",
    default=24,
    show_default=True,
    metavar="HOURS",
    type=click.IntRange(1),
    help="A lake whose last whole run is older is not well.",
)
@config_option
@format_option
def command(max_age: int, config: Path | None, output: str) -> None:
    """For each lake: its last whole run, its age and what came of it, and failures since.

    Exit 0: all well. 2: a lake was not audited for --max-age hours, its last run could not
    judge all, or runs fail.
    """
    from app import wiring
    from app.commands.answers import print_json, print_table
    from app.settings import load_settings
    from app.store.database import reading_scope

    settings = load_settings(config)
    with wiring.opened_state(settings) as database, reading_scope(database) as session:
        found = [_lake_status(session, name, max_age) for name in settings.lakes]
    if output == "json":
        print_json(found)
    elif found:
        print_table(
            ("lake", "well", "last whole run", "hours ago", "exit", "failed since", "why not"),
            [tuple(row.values()) for row in found],
        )
    else:
        click.echo("No lake is set up, so nothing is watched. Run lakewarden init.")
    sys.exit(0 if found and all(row["well"] for row in found) else 2)


def _lake_status(session: "Session", lake: str, max_age: int) -> dict[str, Any]:
    from app.store import runs

    last = runs.last_whole_run(session, lake)
    newer = [
        run
        for run in runs.every_run(session, lake)
        if run.state == runs.FAILED and (last is None or run.started_at > last.started_at)
    ]
    why = []
    hours: int | None = None
    if last is None:
        why.append("never audited")
    else:
        hours = int((datetime.now(UTC) - last.started_at).total_seconds() // 3600)
        if hours >= max_age:
            why.append(f"not audited for {hours} hours")
        if last.exit_code == 2:
            why.append("the last run could not judge all: lakewarden gaps")
    if newer:
        count = f"{len(newer)} runs" if len(newer) > 1 else "1 run"
        why.append(f"{count} failed since: {newer[0].error}")
    return {
        "lake": lake,
        "well": not why,
        "last_whole_run": None if last is None else f"{last.started_at:%Y-%m-%dT%H:%M:%SZ}",
        "hours_ago": hours,
        "exit_code": None if last is None else last.exit_code,
        "failed_since": len(newer),
        "why_not": "; ".join(why),
    }
