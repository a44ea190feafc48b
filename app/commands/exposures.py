"""`lakewarden exposures`."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.options import (
    config_option,
    examples,
    lake_choice,
    lake_options,
    limit_option,
    run_option,
)
from app.core.exposures import KINDS, STATUSES

if TYPE_CHECKING:
    from app.lake.results import RunResults


@click.command(
    "exposures",
    epilog=examples(
        "lakewarden exposures --kind everyone --severity SEV0",
        "lakewarden exposures --kind leaver",
        "lakewarden exposures b3837e596489a529",
    ),
)
@click.argument("exposure", metavar="[ID]", required=False)
@click.option(
    "--kind",
    metavar="KIND",
    multiple=True,
    type=click.Choice(list(KINDS)),
    help=f"Only of a kind: {', '.join(KINDS)}.",
)
@click.option(
    "--severity",
    multiple=True,
    type=click.Choice(["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"]),
    help="Only of a severity.",
)
@click.option("--class", "data_class", metavar="CLASS", multiple=True, help="Only of a data class.")
@click.option(
    "--status",
    metavar="STATUS",
    multiple=True,
    type=click.Choice(STATUSES),
    help=f"Only of a status: {', '.join(STATUSES)}.",
)
@click.option("--object", "name_part", metavar="TEXT", help="Only objects whose name holds this.")
@click.option(
    "--people", type=click.Choice(["person", "service"]), help="Only where such accounts can."
)
@limit_option(50)
@run_option
@lake_options
@config_option
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "ndjson"]),
    default="text",
    show_default=True,
    help="How to print them.",
)
def command(
    exposure: str | None,
    kind: tuple[str, ...],
    severity: tuple[str, ...],
    data_class: tuple[str, ...],
    status: tuple[str, ...],
    name_part: str | None,
    people: str | None,
    limit: int,
    run: str | None,
    config: Path | None,
    output: str,
    **options: Any,
) -> None:
    """List the exposures of the last whole run, the gravest first, or show one by its ID
    with its evidence: the grants, the classes, the policy lines and the time.

    Options of one name add up (--kind a --kind b: either); different ones must all hold.
    Those of status `gone` are what the run found closed.
    """
    from app import wiring
    from app.settings import load_settings

    settings = load_settings(config)
    choice = lake_choice(options)
    lake = wiring.choose_lake(settings, choice)
    results = wiring.newest_results(settings, lake, run)
    _check_classes(results, data_class)
    conditions = {
        "id": (exposure,) if exposure else (),
        "kinds": kind,
        "severity": severity,
        "classes": data_class,
        "status": status,
    }
    rows, total = results.select_exposures(
        wiring.new_engine, conditions, name_part=name_part, people=people, limit=limit
    )
    asked = {"id": exposure, "run": run, **{name: list(each) for name, each in conditions.items()}}
    wiring.note_question(config, choice, "exposures", asked)
    if exposure is not None:
        rows = [_with_ways(row, results) for row in rows]
    _print(rows, total, output, one=exposure is not None)


def _with_ways(row: dict[str, Any], results: "RunResults") -> dict[str, Any]:
    """An exposure with the memberships that let everyone in, where some do."""
    from app.core.openings import ways_of_everyone

    return {**row, "paths": ways_of_everyone(results.openings(), row["openings"])}


def _check_classes(results: "RunResults", wanted: tuple[str, ...]) -> None:
    from app.core.classes import UNCLASSIFIED
    from app.core.errors import BadNameError
    from app.core.names import show

    known = [each["class"] for each in results.posture()["classes"]]
    for name in wanted:
        if name not in (*known, UNCLASSIFIED):
            raise BadNameError(
                f"{show(name)} is no data class of this run", mend=f"Classes: {', '.join(known)}"
            )


def _print(rows: list[dict[str, Any]], total: int, output: str, *, one: bool) -> None:
    from app.commands.answers import print_json, print_table
    from app.core.errors import NotFoundError

    if one and not rows:
        raise NotFoundError("No exposure has this id in the run", mend="See lakewarden exposures")
    if output == "ndjson":
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
    elif output == "json":
        print_json(rows[0] if one else {"total": total, "exposures": rows})
    elif one:
        _print_one(rows[0])
    elif not rows:
        click.echo("No exposure is so.")
    else:
        print_table(
            ("severity", "object", "right", "kinds", "people", "classes", "status", "id"),
            [
                (
                    row["severity"],
                    row["object"],
                    row["right"],
                    row["kinds"],
                    "everyone" if row["everyone"] else row["people"],
                    row["classes"],
                    row["status"],
                    row["id"],
                )
                for row in rows
            ],
        )
        if total > len(rows):
            click.echo(f"{len(rows):,} of {total:,}; more with --limit")


def _print_one(row: dict[str, Any]) -> None:
    from app.commands.answers import when
    from app.core.names import show

    click.echo(f"{row['severity']} {show(row['object'])}: {row['right']} ({row['status']})")
    for kind in row["kinds"]:
        click.echo(f"  {kind}: {KINDS[kind]}")
    if row["scope"] == "table":
        who = "everyone" if row["everyone"] else f"{row['people']:,} people"
        click.echo(
            f"  who can: {who} ({row['people']:,} active people, {row['services']:,} services, "
            f"{row['inactive']:,} leavers, {row['unknown']:,} unknown names); policy does not "
            f"allow {row['not_permitted']:,} of those named"
        )
    click.echo(f"  open since {when(row['opened_at'])}; first seen {row['first_seen']}")
    if row["detail"]:
        click.echo(f"  {show(row['detail'])}")
    for title, name in (("class", "class_evidence"), ("policy line considered", "policy_lines")):
        for line in row[name]:
            click.echo(f"  {title}: {show(line)}")
    for grant in row["grants"]:
        click.echo(
            f"  grant: {grant['source']}: {show(grant['privilege'] or '')} to "
            f"{show(grant['principal'])}, by {show(grant['grantor'] or 'nobody named')} on "
            f"{when(grant['granted_at'])}"
        )
    if row["grant_count"] > len(row["grants"]):
        click.echo(f"  … and {row['grant_count'] - len(row['grants']):,} more grants")
    for way in row["paths"]:
        steps = zip(way["path"], way["path_rows"], strict=True)
        said = "; ".join(f"{show(step)} ({source})" for step, source in steps)
        click.echo(
            f"  everyone is in {show(way['opening'])}: {said}, by "
            f"{show(way['granted_by'] or 'nobody named')} on {when(way['since'])}"
        )
    if row["scope"] == "table" and row["status"] != "gone":
        name = shlex.quote(show(row["object"]))
        click.echo(f"  who, and by which way: lakewarden who-can {row['right']} {name} --paths")
