"""`lakewarden what-can`."""

from pathlib import Path
from typing import Any

import click

from app.commands.options import config_option, format_option, lake_choice, lake_options
from app.commands.progress_bar import shown_progress


@click.command("what-can")
@click.argument("user")
@click.option("--right", default="select", show_default=True, help="The right asked about.")
@click.option("--not-allowed", is_flag=True, help="Only what policy does not allow the user.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most.")
@click.option("--after", metavar="CURSOR", help="Go on where an earlier answer stopped.")
@lake_options
@config_option
@format_option
def command(
    user: str,
    right: str,
    not_allowed: bool,
    limit: int,
    after: str | None,
    config: Path | None,
    output: str,
    **options: Any,
) -> None:
    """Everything on which USER holds a right, through what, and whether policy allows it."""
    from app import wiring
    from app.commands.answers import print_json, print_table
    from app.long_questions import what_user_can

    choice = lake_choice(options)
    with (
        shown_progress() as progress,
        wiring.opened_view(config, choice, progress) as view,
    ):
        found = what_user_can(
            wiring.new_engine,
            view,
            user,
            right,
            entry=wiring.directory_entry(view, user),
            not_allowed=not_allowed,
            after=after,
            limit=limit,
        )
    wiring.note_question(
        config, choice, "what-can", {"user": user, "right": right, "not_allowed": not_allowed}
    )
    if output == "json":
        print_json({"about": found.about, "rows": found.rows, "next": found.next})
        return
    if not found.about["known"]:
        click.echo("Neither the directory nor the lake has this name: it holds what everyone does.")
    print_table(
        ("object", "answer", "policy allows", "classes", "through"),
        [
            (
                row["object"] + (f" ({', '.join(row['columns'])})" if row["columns"] else ""),
                row["answer"],
                row["permitted"],
                row["classes"],
                row["via"],
            )
            for row in found.rows
        ],
    )
    if found.about["can_make_themselves"]:
        click.echo(f"Can make himself able to do more: {found.about['can_make_themselves']}")
    if found.next:
        click.echo(f"… and more: --after {found.next}")
