"""`lakewarden who-can`."""

from pathlib import Path
from typing import Any

import click

from app.commands.answers import print_json, print_table
from app.commands.options import config_option, format_option, lake_choice, lake_options
from app.commands.progress_bar import shown_progress


@click.command("who-can")
@click.argument("right")
@click.argument("object_name", metavar="OBJECT")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@click.option("--all", "everybody", is_flag=True, help="All of them, whatever --limit says.")
@click.option("--paths", is_flag=True, help="Show one shortest path for each.")
@click.option(
    "--between",
    nargs=2,
    metavar="FROM TO",
    help="Who could at any run between two dates (from history), such as 2026-06-01 2026-06-30.",
)
@lake_options
@config_option
@format_option
def command(
    right: str,
    object_name: str,
    limit: int,
    everybody: bool,
    paths: bool,
    between: tuple[str, str] | None,
    config: Path | None,
    output: str,
    **options: Any,
) -> None:
    """Everyone who holds RIGHT on OBJECT (db, db.table or db.table.column), and through
    what. `who-can delegate OBJECT` is everyone who may pass a right on.
    """
    from app import wiring

    choice = lake_choice(options)
    asked = {"right": right, "object": object_name, "between": between}
    if between is not None:
        from app.commands.history import print_who_could

        print_who_could(config, choice, right, object_name, between, limit, output)
        wiring.note_question(config, choice, "who-can", asked)
        return
    with (
        shown_progress() as progress,
        wiring.opened_view(config, choice, progress) as view,
    ):
        _answer(view, right, object_name, 2**62 if everybody else limit, paths, output)
    wiring.note_question(config, choice, "who-can", asked)


def _answer(view: Any, right: str, object_name: str, limit: int, paths: bool, output: str) -> None:
    from app.commands.answers import path_words
    from app.core.questions import explain, who_can

    found = who_can(view, right, object_name, limit=limit)
    if output == "json":
        print_json(found)
        return
    width = "everyone" if found.everyone else f"{found.people:,} people"
    extra = [
        f"{count:,} {name}"
        for count, name in (
            (found.people if found.everyone else 0, "people"),
            (found.services, "services"),
            (found.inactive, "leavers"),
            (found.unknown, "unknown names"),
            (found.opaque_groups, "groups of unknown size"),
        )
        if count
    ]
    click.echo(
        f"{width} can {found.right} {found.object}" + (f" ({', '.join(extra)})" if extra else "")
    )
    click.echo(f"Classes: {', '.join(found.classes)}")
    if found.can_make_themselves:
        click.echo(
            f"{found.can_make_themselves:,} more can make themselves able to: {found.self_service}"
        )
    print_table(
        ("who", "kind", "active", "policy allows", "through"),
        [
            (each.subject, each.kind, each.active, each.permitted, each.via)
            for each in found.holders
        ],
    )
    if found.next_bit is not None:
        click.echo(f"… and more: give --limit or --all (shown: {len(found.holders)})")
    for holder in found.holders if paths else ():
        if not holder.subject.startswith("user:"):
            continue
        explained = explain(view, holder.subject.removeprefix("user:"), right, object_name)
        for path in explained.paths[:1]:
            click.echo(f"{holder.subject}:")
            for line in path_words(path):
                click.echo(f"  {line}")
