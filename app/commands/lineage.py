"""`lakewarden lineage`."""

import sys
from collections.abc import Mapping, Sequence
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
from app.commands.progress_bar import shown_progress


@click.command(
    "lineage",
    epilog=examples(
        "lakewarden lineage hr_payroll.salaries",
        "lakewarden lineage reporting.v_salaries --format json",
    ),
)
@click.argument("object_name", metavar="OBJECT")
@limit_option(50)
@lake_options
@config_option
@format_option
def command(object_name: str, limit: int, config: Path | None, output: str, **options: Any) -> None:
    """Which views and copies of the table OBJECT exist, and are they as closed?

    Shown are views and materialized views on it to any depth, tables that look like copies
    of it, tables over the same files, and for a view what it reads. WIDER says that
    somebody can read it who cannot read OBJECT. Exit 2: part of the lake was not read.
    """
    from app import wiring
    from app.commands.answers import gaps_of, print_json, say_what_is_missing
    from app.long_questions import lineage_of
    from app.settings import load_settings

    choice = lake_choice(options)
    with (
        shown_progress() as progress,
        wiring.opened_view(config, choice, progress) as view,
    ):
        parses = wiring.view_parses(None if choice.source else load_settings(config).data)
        found = lineage_of(wiring.new_engine, parses, view, object_name)
        gaps = gaps_of(view)
    wiring.note_question(config, choice, "lineage", {"object": object_name})
    if output == "json":
        print_json(found)
    else:
        _print(found, limit)
    say_what_is_missing(gaps)
    sys.exit(2 if gaps else 0)


def _print(found: Mapping[str, Any], limit: int) -> None:
    from app.commands.answers import counted
    from app.core.names import show

    who = "everyone" if found["everyone"] else counted(found["people"], "person", "people")
    click.echo(
        f"{show(found['object'])} ({found['kind'].lower() or 'table'}; "
        f"{', '.join(found['classes'])}): {who} can read it"
    )
    _print_relatives("What it reads", found["upstream"], limit)
    _print_relatives("What shows its data, or may", found["downstream"], limit)
    if not found["upstream"] and not found["downstream"]:
        click.echo("No view, copy or table over the same files is known.")
    wider = sum(1 for row in found["downstream"] if row["wider"])
    if wider:
        click.echo(f"{wider:,} can be read by somebody who cannot read {show(found['object'])}.")
    if found["unparsed"]:
        click.echo("Views whose text cannot be read, so that they may be missing above:")
        for row in found["unparsed"]:
            click.echo(f"  {show(row['object'])}: {show(row['reason'])}")


def _print_relatives(title: str, rows: Sequence[Mapping[str, Any]], limit: int) -> None:
    from app.commands.answers import print_table

    if not rows:
        return
    click.echo(f"{title}:")
    print_table(
        ("object", "relation", "distance", "people", "wider", "classes", "known by"),
        [
            (
                row["object"],
                row["relation"],
                row["distance"],
                "everyone" if row["everyone"] else row["people"],
                row["wider"],
                row["classes"],
                row["known_by"],
            )
            for row in rows[:limit]
        ],
    )
    if len(rows) > limit:
        click.echo(f"… and {len(rows) - limit:,} more: give --limit")
