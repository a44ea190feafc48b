"""`lakewarden gaps`."""

from pathlib import Path
from typing import Any

import click

from app.commands.options import config_option, format_option, lake_choice, lake_options


@click.command("gaps")
@click.option("--run", help="A run's id (default: the last whole run).")
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
    posture = wiring.newest_results(settings, lake, run).posture()
    wiring.note_question(config, choice, "gaps", {})
    if output == "json":
        print_json(posture["gaps"])
    elif not posture["gaps"]:
        click.echo("Nothing was left unread.")
    else:
        print_table(
            ("scope", "object", "reason", "in doubt"),
            [(gap["scope"], gap["object"], gap["reason"], gap["doubt"]) for gap in posture["gaps"]],
        )
