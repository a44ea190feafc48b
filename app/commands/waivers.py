"""`lakewarden waivers`."""

import re
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from app.commands.options import (
    config_option,
    examples,
    format_option,
    lake_choice,
    lake_options,
)


class _ListByDefault(click.Group):
    """`lakewarden waivers --lake x` is `lakewarden waivers list --lake x`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(
    "waivers",
    cls=_ListByDefault,
    epilog=examples(
        "lakewarden waivers",
        "lakewarden waivers add --scope table=hr.pay --reason cut-over --approver ciso@x.com",
        "lakewarden waivers end w-20260612T081530123456-7kq2mx",
    ),
)
def command() -> None:
    """Exceptions from the policies: who approved them, when they end, what they cover.

    Those of policies/waivers.yaml, which are reviewed like code, and short ones made here.
    Where both speak, the file wins.
    """


@command.command("list", epilog=examples("lakewarden waivers list --format json"))
@lake_options
@config_option
@format_option
def list_them(config: Path | None, output: str, **options: Any) -> None:
    """The waivers of a lake, measured on its last run: what each covers, whether it holds."""
    from app import wiring
    from app.commands.answers import print_json, print_table
    from app.recorded_waivers import measured_waivers
    from app.settings import load_settings

    settings = load_settings(config)
    choice = lake_choice(options)
    lake = wiring.choose_lake(settings, choice)
    policies = wiring.load_policies(lake)
    with wiring.opened_state(settings) as database:
        _, found = measured_waivers(database, lake.name, policies.waivers, wiring.new_engine)
    wiring.note_question(config, choice, "waivers", {})
    if output == "json":
        print_json(
            [
                asdict(each) | {"matches_nothing": each.matches_nothing, "why_not": each.why_not}
                for each in found.measured
            ]
        )
        return
    if not found.measured:
        click.echo(f"No waivers on {lake.name}.")
        return
    print_table(
        ("waiver", "from", "status", "until", "covers", "scope", "approver", "reason"),
        [
            (
                each.waiver.waiver,
                each.source,
                "matches nothing" if each.matches_nothing else each.status,
                each.waiver.expires,
                f"{each.exposures:,} exposures, {each.tables:,} tables",
                [f"{name}={value}" for name, value in sorted(each.waiver.scope.items())],
                each.waiver.approver,
                each.waiver.reason,
            )
            for each in found.measured
        ],
    )
    for note in found.notes:
        click.echo(f"Note: {note}", err=True)


@command.command(
    "add",
    epilog=examples(
        "lakewarden waivers add --scope table=hr.pay --days 2 --reason cut-over --approver ciso"
    ),
)
@click.option(
    "--scope",
    "scope",
    metavar="NAME=VALUE",
    multiple=True,
    required=True,
    help="What it is for: incident, exposure, database, table, class, right, principal …; "
    "all that are given must be so.",
)
@click.option("--reason", required=True, metavar="TEXT", help="Why it is accepted.")
@click.option("--approver", required=True, metavar="WHO", help="Who answers for it.")
@click.option(
    "--days", type=click.IntRange(0, 7), default=1, show_default=True, help="Days from today."
)
@click.option("--until", metavar="DATE", help="The last day (UTC), in place of --days.")
@click.option("--max-tables", type=click.IntRange(0), help="It ends when more tables are open.")
@click.option("--max-people", type=click.IntRange(0), help="It ends when more people reach them.")
@lake_options
@config_option
def add(
    scope: tuple[str, ...],
    reason: str,
    approver: str,
    days: int,
    until: str | None,
    max_tables: int | None,
    max_people: int | None,
    config: Path | None,
    **options: Any,
) -> None:
    """Waive something for at most 7 days; longer ones belong into policies/waivers.yaml."""
    from app import wiring
    from app.settings import load_settings
    from app.store.database import session_scope
    from app.store.questions import cli_asker
    from app.store.waivers import create_waiver

    settings = load_settings(config)
    lake = wiring.choose_lake(settings, lake_choice(options))
    with wiring.opened_state(settings) as database:
        with session_scope(database) as session:
            made = create_waiver(
                session,
                lake=lake.name,
                reason=reason,
                approver=approver,
                expires=_last_day(days, until),
                scope=_scope(scope),
                created_by=cli_asker(),
                max_tables=max_tables,
                max_people=max_people,
            )
        _apply(database, settings, lake)
    click.echo(f"{made.id}: until the end of {made.expires} (UTC)")


@command.command("end", epilog=examples("lakewarden waivers end w-20260612T081530123456-7kq2mx"))
@click.argument("waiver")
@config_option
def end(waiver: str, config: Path | None) -> None:
    """Take the WAIVER back that was made here or through the API."""
    from app import wiring
    from app.settings import load_settings
    from app.store.database import session_scope
    from app.store.questions import cli_asker
    from app.store.waivers import end_waiver

    settings = load_settings(config)
    with wiring.opened_state(settings) as database:
        with session_scope(database) as session:
            ended = end_waiver(session, waiver, cli_asker())
        _apply(database, settings, settings.lake(ended.lake))
    click.echo(f"{ended.id}: ended")


def _apply(database: Any, settings: Any, lake: Any) -> None:
    from app import wiring
    from app.recorded_waivers import apply_lake_waivers
    from app.store.questions import cli_asker

    waivers = wiring.load_policies(lake).waivers
    draft = wiring.mends_of(settings, lake)
    found = apply_lake_waivers(database, lake.name, waivers, wiring.new_engine, cli_asker(), draft)
    for note in found.notes:
        click.echo(f"Note: {note}", err=True)


def _last_day(days: int, until: str | None) -> date:
    if until is None:
        return datetime.now(UTC).date() + timedelta(days=days)
    try:
        return date.fromisoformat(until)
    except ValueError:
        raise click.UsageError(f"--until {until}: write a date such as 2026-06-30.") from None


def _scope(given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not re.fullmatch(r"[a-z]+", name) or not value:
            raise click.UsageError(f"--scope {text}: write NAME=VALUE, such as incident=KEY.")
        if name in found:
            raise click.UsageError(f"--scope {name} is given twice.")
        found[name] = value
    return found
