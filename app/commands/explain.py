"""`lakewarden explain`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.options import config_option, examples, format_option, lake_choice, lake_options
from app.commands.progress_bar import shown_progress

if TYPE_CHECKING:
    from app.core.questions import Explanation


@click.command(
    "explain",
    epilog=examples(
        "lakewarden explain ann select hr_payroll.salaries",
        "lakewarden explain ann select hr_payroll.salaries.amount --format json",
    ),
)
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

    Exit 0: answered. 2: the answer is unknown, or part of the lake was not read.
    """
    from app import wiring
    from app.commands.answers import gaps_of, print_json, say_what_is_missing
    from app.core.errors import BadNameError
    from app.core.questions import explain

    if not user:
        raise BadNameError("The user's name is empty", mend="Give a user's exact name")
    choice = lake_choice(options)
    with (
        shown_progress() as progress,
        wiring.opened_view(config, choice, progress) as view,
    ):
        found = explain(view, user, right, object_name)
        gaps = gaps_of(view)
    wiring.note_question(
        config, choice, "explain", {"user": user, "right": right, "object": object_name}
    )
    if output == "json":
        print_json(found)
    else:
        _print(found)
    say_what_is_missing(gaps)
    sys.exit(2 if gaps or found.answer.answer == "unknown" else 0)


def _print(found: "Explanation") -> None:
    from app.commands.answers import path_words
    from app.core.names import show

    answer = found.answer
    click.echo(f"{answer.answer}: {show(answer.because)}")
    word = "allows" if answer.permitted == "yes" else "does not allow"
    click.echo(f"Policy {word} it:" + ("" if found.policy_lines else " no line does."))
    for deciding in found.policy_lines:
        click.echo(f"  {show(str(deciding))}")
    click.echo("Classes:" if found.classes else "No class: unclassified.")
    for each in found.classes:
        on = f" on column {show(each.column)}" if each.column else ""
        origin = f", from {show(each.inherited_from)}" if each.inherited_from else ""
        click.echo(f"  {each.data_class}{on} by {show(each.rule)}{origin}")
    for title, paths in (("Paths", found.paths), ("Rows that make Hive refuse", found.refusals)):
        if paths:
            click.echo(f"{title}:")
        for number, path in enumerate(paths, start=1):
            for place, line in enumerate(path_words(path)):
                click.echo(f"  {f'{number}.' if place == 0 else '  '} {line}")
    if found.inert:
        click.echo("Rows that reach the user and do nothing:")
    for path, why in found.inert:
        click.echo(f"  {path_words(path)[-1]}: {show(why)}")
    if found.can_make_themselves:
        click.echo(f"Can make himself able to: {found.can_make_themselves}")
