"""`lakewarden explain`."""

from pathlib import Path
from typing import Any

import click

from app.commands.options import config_option, format_option, lake_choice, lake_options
from app.commands.progress_bar import shown_progress


@click.command("explain")
@click.argument("user")
@click.argument("right")
@click.argument("object_name", metavar="OBJECT")
@lake_options
@config_option
@format_option
def command(
    user: str, right: str, object_name: str, config: Path | None, output: str, **options: Any
) -> None:
    """Every path by which USER holds RIGHT on OBJECT, the rows that refuse it or do nothing,
    the classes of the object and the policy lines that decide.
    """
    from app import wiring
    from app.commands.answers import print_json
    from app.core.questions import explain

    choice = lake_choice(options)
    with (
        shown_progress() as progress,
        wiring.opened_view(config, choice, progress) as view,
    ):
        found = explain(view, user, right, object_name)
    wiring.note_question(
        config, choice, "explain", {"user": user, "right": right, "object": object_name}
    )
    if output == "json":
        print_json(found)
    else:
        _print(found)


def _print(found: Any) -> None:
    from app.commands.answers import path_words
    from app.core.names import show

    answer = found.answer
    click.echo(f"{answer.answer}: {show(answer.because)}")
    word = "allows" if answer.permitted == "yes" else "does not allow"
    click.echo(f"Policy {word} it.")
    for line in found.policy_lines:
        click.echo(f"  {line}")
    click.echo("Classes:" if found.classes else "No class: unclassified.")
    for each in found.classes:
        on = f" on column {show(each.column)}" if each.column else ""
        origin = f", from {show(each.inherited_from)}" if each.inherited_from else ""
        click.echo(f"  {each.data_class}{on} by {each.rule}{origin}")
    for title, paths in (("Paths", found.paths), ("Rows that make Hive refuse", found.refusals)):
        if paths:
            click.echo(f"{title}:")
        for number, path in enumerate(paths, start=1):
            for place, line in enumerate(path_words(path)):
                click.echo(f"  {f'{number}.' if place == 0 else '  '} {line}")
    if found.inert:
        click.echo("Rows that reach the user and do nothing:")
    for path, why in found.inert:
        click.echo(f"  {path_words(path)[-1]}: {why}")
    if found.can_make_themselves:
        click.echo(f"Can make himself able to: {found.can_make_themselves}")
