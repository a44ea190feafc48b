"""`lakewarden exposures`."""

from pathlib import Path
from typing import Any

import click

from app.commands.options import config_option, lake_choice, lake_options
from app.core.exposures import KINDS, STATUSES


@click.command("exposures")
@click.argument("exposure", metavar="[ID]", required=False)
@click.option("--kind", multiple=True, type=click.Choice(list(KINDS)), help="Only of a kind.")
@click.option(
    "--severity",
    multiple=True,
    type=click.Choice(["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"]),
    help="Only of a severity.",
)
@click.option("--class", "data_class", multiple=True, help="Only of a data class.")
@click.option("--status", multiple=True, type=click.Choice(STATUSES), help="Only of a status.")
@click.option("--object", "name_part", help="Only objects whose name holds this.")
@click.option(
    "--people", type=click.Choice(["person", "service"]), help="Only where such accounts can."
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most.")
@click.option("--run", help="A run's id (default: the last whole run).")
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
    """List the exposures of the last whole run, the gravest first, or show one by its ID."""
    from app import wiring
    from app.settings import load_settings

    settings = load_settings(config)
    choice = lake_choice(options)
    lake = wiring.choose_lake(settings, choice)
    results = wiring.newest_results(settings, lake, run)
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
    wiring.note_question(config, choice, "exposures", {"id": exposure, "kind": kind})
    _print(rows, total, output, one=exposure is not None)


def _print(rows: list[dict[str, Any]], total: int, output: str, *, one: bool) -> None:
    import json

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
    from app.core.exposures import KINDS
    from app.core.names import show

    click.echo(f"{row['severity']} {show(row['object'])}: {row['right']}")
    for kind in row["kinds"]:
        click.echo(f"  {kind}: {KINDS[kind]}")
    who = "everyone" if row["everyone"] else f"{row['people']:,} people"
    click.echo(
        f"  who can: {who} ({row['people']:,} active people, {row['services']:,} services, "
        f"{row['inactive']:,} leavers, {row['unknown']:,} unknown names); policy does not allow "
        f"{row['not_permitted']:,} of those named"
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
