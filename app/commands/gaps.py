"""`lakewarden gaps`."""

from pathlib import Path
from typing import Any

import click

from app.commands.options import (
    config_option,
    examples,
    format_option,
    lake_choice,
    lake_options,
    run_option,
)


@click.command("gaps", epilog=examples("lakewarden gaps", "lakewarden gaps --format json"))
@run_option
@lake_options
@config_option
@format_option
def command(run: str | None, config: Path | None, output: str, **options: Any) -> None:
    """What the last run could not see, why, and what is in doubt for it."""
    from app import wiring
    from app.commands.answers import print_json, print_table
    from app.settings import load_settings

    settings = load_settings(config)
    choice = lake_choice(options)
    lake = wiring.choose_lake(settings, choice)
    gaps = wiring.newest_results(settings, lake, run).posture()["gaps"]
    wiring.note_question(config, choice, "gaps", {"run": run})
    if output == "json":
        print_json(gaps)
    elif not gaps:
        click.echo("Nothing was left unread.")
    else:
        print_table(
            ("scope", "object", "reason", "in doubt"),
            [(gap["scope"], gap["object"] or None, gap["reason"], gap["doubt"]) for gap in gaps],
        )
