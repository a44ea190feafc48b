"""`lakewarden changes`."""

from pathlib import Path
from typing import Any

import click

from app.commands.options import (
    config_option,
    examples,
    format_option,
    lake_choice,
    lake_options,
    limit_option,
)


@click.command(
    "changes",
    epilog=examples(
        "lakewarden changes",
        "lakewarden changes --since 2026-06-09",
        "lakewarden changes --since 20260608T030000000000-7kq2mx --format json",
    ),
)
@click.option(
    "--since",
    metavar="RUN|DATE",
    help="A run's id, or a UTC date or time: the state of the lake at that moment "
    "(default: the run before the last).",
)
@limit_option(50)
@lake_options
@config_option
@format_option
def command(
    since: str | None, limit: int, config: Path | None, output: str, **options: Any
) -> None:
    """What opened, grew, shrank and closed since a run or a date. `unknown` is what a gap
    hides: it is never called closed.
    """
    from app import wiring
    from app.commands.answers import print_json, print_table
    from app.commands.history import runs_to_compare
    from app.long_questions import changes_between
    from app.settings import load_settings

    settings = load_settings(config)
    choice = lake_choice(options)
    lake = wiring.choose_lake(settings, choice)
    earlier, later = runs_to_compare(settings, lake.name, since)
    found = changes_between(
        wiring.new_engine,
        Path(str(earlier.results_path)),
        Path(str(later.results_path)),
        skip=0,
        limit=limit,
    )
    wiring.note_question(config, choice, "changes", {"since": since})
    if output == "json":
        print_json(
            {
                "earlier": earlier.id,
                "later": later.id,
                "counts": found.counts,
                "changes": found.rows,
            }
        )
        return
    said = ", ".join(f"{count:,} {word}" for word, count in found.counts.items() if count)
    click.echo(
        f"{earlier.started_at:%Y-%m-%d %H:%M:%SZ} → {later.started_at:%Y-%m-%d %H:%M:%SZ}: "
        f"{said or 'nothing changed'}"
    )
    if found.rows:
        print_table(
            ("change", "severity", "object", "right", "people before", "people after", "through"),
            [
                (
                    row["change"],
                    row["severity"],
                    row["object"],
                    row["right"],
                    "everyone" if row["everyone_before"] else row["people_before"],
                    "everyone" if row["everyone_after"] else row["people_after"],
                    row["openings"],
                )
                for row in found.rows
            ],
        )
    if found.more:
        click.echo("… and more: give --limit")
