"""`lakewarden widest`."""

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
    run_option,
)


@click.command(
    "widest", epilog=examples("lakewarden widest --limit 5", "lakewarden widest --format json")
)
@limit_option(20)
@run_option
@lake_options
@config_option
@format_option
def command(limit: int, run: str | None, config: Path | None, output: str, **options: Any) -> None:
    """The grants, roles and nestings that open the most, the gravest first: what one
    removable thing opens, to whom, since when, by whose hand.
    """
    from app import wiring
    from app.commands.answers import counted, print_json, print_table, when
    from app.settings import load_settings

    settings = load_settings(config)
    choice = lake_choice(options)
    lake = wiring.choose_lake(settings, choice)
    rows = wiring.newest_results(settings, lake, run).openings().slice(0, limit).to_pylist()
    wiring.note_question(config, choice, "widest", {"run": run})
    if output == "json":
        print_json(rows)
        return
    if not rows:
        click.echo("Nothing is open that should not be.")
        return
    print_table(
        ("severity", "opened by", "tables", "to", "rights", "classes", "how", "by", "since"),
        [
            (
                row["severity"],
                row["opening"],
                row["tables"],
                "everyone" if row["everyone"] else counted(row["people"], "person", "people"),
                row["rights"],
                row["classes"],
                [*row["path"], *row["path_rows"]] or row["form"],
                row["granted_by"],
                when(row["since"]) if row["since"] else None,
            )
            for row in rows
        ],
    )
