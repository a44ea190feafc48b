"""`lakewarden who-can`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.answers import gaps_of, print_json, print_table, say_what_is_missing
from app.commands.options import (
    config_option,
    examples,
    format_option,
    lake_choice,
    lake_options,
    limit_option,
)
from app.commands.progress_bar import shown_progress
from app.core.names import show

if TYPE_CHECKING:
    from app.core.lake_view import LakeView
    from app.core.questions import GrantPath, WhoCan

_ALL = 2**62


@click.command(
    "who-can",
    epilog=examples(
        "lakewarden who-can select hr_payroll.salaries --paths",
        "lakewarden who-can delegate hr_payroll.salaries",
        "lakewarden who-can select hr_payroll.salaries --between 2026-06-01 2026-06-30",
    ),
)
@click.argument("right")
@click.argument("object_name", metavar="OBJECT")
@limit_option(50)
@click.option("--all", "everybody", is_flag=True, help="All of them, whatever --limit says.")
@click.option("--paths", is_flag=True, help="Show one shortest path for each user.")
@click.option(
    "--between",
    nargs=2,
    metavar="FROM TO",
    help="Who could at any run between two dates or times (UTC), from history.",
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

    Exit 0: answered. 2: something is in doubt: part of the lake was not read, or somebody
    shown can only perhaps.
    """
    from app import wiring

    choice = lake_choice(options)
    asked = {"right": right, "object": object_name, "between": between}
    limit = _ALL if everybody else limit
    if between is not None:
        from app.commands.history import print_who_could

        if paths:
            raise click.UsageError("--paths is about now; leave it out with --between.")
        code = print_who_could(config, choice, right, object_name, between, limit, output)
        wiring.note_question(config, choice, "who-can", asked)
        sys.exit(code)
    with (
        shown_progress() as progress,
        wiring.opened_view(config, choice, progress) as view,
    ):
        from app.core.questions import who_can

        found = who_can(view, right, object_name, limit=limit)
        ways = _ways(view, found, right, object_name) if paths else {}
        gaps = gaps_of(view)
        knows_people = view.reach.population.directory_known
    wiring.note_question(config, choice, "who-can", asked)
    if output == "json":
        print_json(_json(found, ways, paths))
    else:
        _print(found, ways, knows_people)
    say_what_is_missing(gaps)
    sys.exit(2 if gaps or not all(holder.sure for holder in found.holders) else 0)


def _ways(
    view: "LakeView", found: "WhoCan", right: str, object_name: str
) -> "dict[str, GrantPath]":
    """A shortest path of each user shown, by subject."""
    from app.core.questions import explain

    ways = {}
    for holder in found.holders:
        kind, _, name = holder.subject.partition(":")
        if kind == "user":
            explained = explain(view, name, right, object_name)
            if explained.paths:
                ways[holder.subject] = min(explained.paths, key=lambda path: len(path.edges))
    return ways


def _json(found: "WhoCan", ways: "dict[str, GrantPath]", paths: bool) -> dict[str, Any]:
    answer = asdict(found)
    for holder in answer["holders"] if paths else ():
        way = ways.get(holder["subject"])
        holder["path"] = None if way is None else asdict(way)
    return answer


def _print(found: "WhoCan", ways: "dict[str, GrantPath]", knows_people: bool) -> None:
    from app.commands.answers import counted, path_words

    width = "everyone" if found.everyone else counted(found.people, "person", "people")
    extra = [
        counted(count, *names)
        for count, *names in (
            (found.people if found.everyone else 0, "person", "people"),
            (found.services, "service", "services"),
            (found.inactive, "leaver", "leavers"),
            (found.unknown, "unknown name", "unknown names"),
            (found.opaque_groups, "group of unknown size", "groups of unknown size"),
        )
        if count
    ]
    click.echo(
        f"{width} can {found.right} {show(found.object)}"
        + (f" ({', '.join(extra)})" if extra else "")
    )
    if not knows_people:
        click.echo("There is no directory: who of them is a person, and how many, is not known.")
    click.echo(f"Classes: {', '.join(found.classes)}")
    if found.can_make_themselves:
        click.echo(
            f"{found.can_make_themselves:,} more can make themselves able to: {found.self_service}"
        )
    if found.holders:
        _print_holders(found)
    for subject, path in ways.items():
        click.echo(f"{show(subject)}:")
        for line in path_words(path):
            click.echo(f"  {line}")


def _print_holders(found: "WhoCan") -> None:
    rows = [
        (each.subject, each.kind, each.active, each.sure, each.permitted, each.via)
        for each in found.holders
    ]
    columns = ["who", "kind", "active", "sure", "policy allows", "through"]
    if all(each.sure for each in found.holders):
        columns.remove("sure")
        rows = [(*row[:3], *row[4:]) for row in rows]  # type: ignore[misc]
    print_table(columns, rows)
    if found.next_bit is not None:
        click.echo(f"… and more: give --limit or --all (shown: {len(found.holders):,})")
