"""`lakewarden what-can`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from app.long_questions import HeldPage


@click.command(
    "what-can",
    epilog=examples(
        "lakewarden what-can ann --not-allowed",
        "lakewarden what-can svc_etl --right insert --limit 20",
    ),
)
@click.argument("user")
@click.option("--right", default="select", show_default=True, help="The right asked about.")
@click.option("--not-allowed", is_flag=True, help="Only what policy does not allow the user.")
@limit_option(100)
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
    """Everything on which USER holds a right, through what, and whether policy allows it.

    Exit 0: answered. 2: something is in doubt: part of the lake was not read, or the user
    can something shown only perhaps.
    """
    from app import wiring
    from app.commands.answers import gaps_of, print_json, say_what_is_missing
    from app.core.errors import BadNameError
    from app.long_questions import what_user_can

    if not user:
        raise BadNameError("The user's name is empty", mend="Give a user's exact name")
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
        gaps = gaps_of(view)
    wiring.note_question(
        config, choice, "what-can", {"user": user, "right": right, "not_allowed": not_allowed}
    )
    if output == "json":
        print_json({"about": found.about, "rows": found.rows, "next": found.next})
    else:
        _print(found, right, not_allowed)
    say_what_is_missing(gaps)
    sys.exit(2 if gaps or any(row["answer"] == "unknown" for row in found.rows) else 0)


def _print(found: "HeldPage", right: str, not_allowed: bool) -> None:
    from app.commands.answers import print_table
    from app.core.names import show

    user = show(found.about["user"])
    if not found.about["known"]:
        click.echo(
            f"Neither the directory nor the lake has the name {user}: it holds what everyone does."
        )
    if found.rows:
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
    else:
        limit = " that policy does not allow" if not_allowed else ""
        click.echo(f"{user} can {right.strip().lower()} nothing{limit}.")
    if found.about["can_make_themselves"]:
        click.echo(f"Can make himself able to do more: {found.about['can_make_themselves']}")
    if found.next:
        click.echo(f"… and more: --after {found.next}")
