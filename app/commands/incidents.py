"""`lakewarden incidents`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.incident_mends import mends
from app.commands.options import (
    config_option,
    examples,
    format_option,
    lake_choice,
    lake_options,
    limit_option,
)

if TYPE_CHECKING:
    from app.core.incident_records import IncidentRecord
    from app.store.database import Database, Session

_STATES = ("open", "acknowledged", "mended", "unknown", "resolved")
_ALIVE = _STATES[:-1]


class _ListByDefault(click.Group):
    """`lakewarden incidents --lake x` is `lakewarden incidents list --lake x`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(
    "incidents",
    cls=_ListByDefault,
    epilog=examples(
        "lakewarden incidents",
        "lakewarden incidents show 3f2a9c51d07be846",
        "lakewarden incidents plan 3f2a9c51d07be846",
        "lakewarden incidents ack 3f2a9c51d07be846 --note 'on it'",
    ),
)
def command() -> None:
    """Incidents: what one removable thing opened, its life, and what closes it."""


command.add_command(mends)


@command.command("list", epilog=examples("lakewarden incidents list --state open --severity SEV0"))
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    multiple=True,
    default=_ALIVE,
    show_default="all but resolved",
    help="Only these; may be given again.",
)
@click.option(
    "--severity",
    "severities",
    type=click.Choice(["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"]),
    multiple=True,
    help="Only these; may be given again.",
)
@click.option("--kind", "kinds", metavar="KIND", multiple=True, help="With exposures of a kind.")
@click.option("--class", "classes", metavar="CLASS", multiple=True, help="Of a data class.")
@click.option("--waived/--not-waived", default=None, help="Only waived ones, or only others.")
@limit_option(50)
@lake_options
@config_option
@format_option
def list_them(
    states: tuple[str, ...],
    severities: tuple[str, ...],
    kinds: tuple[str, ...],
    classes: tuple[str, ...],
    waived: bool | None,
    limit: int,
    config: Path | None,
    output: str,
    **options: Any,
) -> None:
    """The incidents of a lake, the gravest first."""
    from app import wiring
    from app.commands.answers import counted, print_json, print_table
    from app.core.incident_records import cause_words
    from app.settings import load_settings
    from app.store.database import reading_scope
    from app.store.incidents import IncidentFilter, list_incidents

    settings = load_settings(config)
    choice = lake_choice(options)
    lake = wiring.choose_lake(settings, choice)
    wanted = IncidentFilter(states, severities, kinds, classes, waived)
    found: list[IncidentRecord] = []
    after: tuple[str, str] | None = None
    with wiring.opened_state(settings) as database, reading_scope(database) as session:
        while len(found) < limit:
            page = list_incidents(
                session, lake.name, wanted, after=after, limit=min(200, limit - len(found))
            )
            found += page.items
            after = page.next
            if after is None:
                break
    wiring.note_question(config, choice, "incidents", {"states": list(states)})
    if output == "json":
        print_json([asdict(record) for record in found])
        return
    if not found:
        click.echo(f"No such incident on {lake.name}.")
        return
    print_table(
        ("severity", "incident", "state", "cause", "tables", "to", "classes", "first seen"),
        [
            (
                record.found.severity,
                record.key,
                record.state + (" (waived)" if record.waivers else ""),
                cause_words(record.found),
                record.found.tables,
                "everyone"
                if record.found.everyone
                else counted(record.found.people, "person", "people"),
                record.found.classes,
                record.first_seen,
            )
            for record in found
        ],
    )
    if after is not None:
        click.echo(f"The first {limit:,}; more with --limit.", err=True)


@command.command("show", epilog=examples("lakewarden incidents show 3f2a9c51d07be846"))
@click.argument("key")
@click.option(
    "--exposures",
    metavar="N",
    type=click.IntRange(0, 100_000),
    default=10,
    show_default=True,
    help="At most so many of its exposures.",
)
@config_option
@format_option
def show_one(key: str, exposures: int, config: Path | None, output: str) -> None:
    """The incident KEY as a story: since when, how wide, who did what, is it closed."""
    from app.commands.answers import print_json, print_table
    from app.incident_plans import incident_exposures
    from app.report.incident_text import story_lines
    from app.store.database import reading_scope
    from app.store.incidents import every_event
    from app.wiring import new_engine, utc_now

    with _opened(config, key) as (database, record):
        with reading_scope(database) as session:
            events = every_event(session, key)
            folder = _folder(session, record)
        rows = [] if folder is None else incident_exposures(folder, key, new_engine, exposures)
    if output == "json":
        print_json(
            {"incident": asdict(record), "events": [asdict(e) for e in events], "exposures": rows}
        )
        return
    click.echo("\n".join(story_lines(record, events, utc_now())))
    if rows:
        click.echo("\nEXPOSURES")
        columns = ("severity", "object", "right", "kind", "people", "status")
        print_table(columns, [[row[name] for name in columns] for row in rows])
        total = record.found.exposures
        if total > len(rows):
            click.echo(f"{len(rows):,} of {total:,}; more with --exposures N.")
    if record.alive:
        click.echo(f"\nWhat closes it: lakewarden incidents plan {key}")


@command.command("plan", epilog=examples("lakewarden incidents plan 3f2a9c51d07be846"))
@click.argument("key")
@config_option
@format_option
def plan(key: str, config: Path | None, output: str) -> None:
    """The statements that close the incident KEY, who must run each, and what they do.

    Every plan is simulated on the lake's newest run before it is shown.
    """
    from app import wiring
    from app.commands.answers import print_json
    from app.incident_plans import plans_of
    from app.report.incident_text import plan_lines
    from app.settings import load_settings
    from app.store.database import reading_scope

    settings = load_settings(config)
    with _opened(config, key) as (database, record), reading_scope(database) as session:
        folder = _folder(session, record)
        run = _last_run(session, record)
    lake = settings.lake(record.found.lake)
    if folder is None:
        raise _nothing_to_plan(record)
    view, policies = wiring.view_of_run(settings, lake, run)
    plans = plans_of(view, policies, folder, key, wiring.new_engine)
    if output == "json":
        print_json([asdict(each) for each in plans])
        return
    click.echo("\n".join(plan_lines(plans)))


@command.command("ack", epilog=examples("lakewarden incidents ack 3f2a9c51d07be846"))
@click.argument("key")
@click.option("--note", default="", metavar="TEXT", help="What the others should know.")
@config_option
def acknowledge(key: str, note: str, config: Path | None) -> None:
    """Take the incident KEY on: its repeated alerts stop."""
    from app.store.incident_acts import acknowledge_incident

    _act(config, key, acknowledge_incident, note, "acknowledged")


@command.command("claim", epilog=examples("lakewarden incidents claim 3f2a9c51d07be846"))
@click.argument("key")
@click.option("--note", default="", metavar="TEXT", help="What was done.")
@config_option
def claim(key: str, note: str, config: Path | None) -> None:
    """Say that the incident KEY is mended. The next complete crawl tells whether it is."""
    from app.store.incident_acts import claim_incident_mended

    _act(config, key, claim_incident_mended, note, "claimed mended; the next crawl tells")


def _act(config: Path | None, key: str, act: Any, note: str, words: str) -> None:
    from app import wiring
    from app.settings import load_settings
    from app.store.database import session_scope
    from app.store.questions import cli_asker

    settings = load_settings(config)
    with wiring.opened_state(settings) as database, session_scope(database) as session:
        record = act(session, key, cli_asker(), note=note)
    click.echo(f"{record.key}: {words}")


@contextmanager
def _opened(config: Path | None, key: str) -> Iterator["tuple[Database, IncidentRecord]"]:
    from app import wiring
    from app.settings import load_settings
    from app.store.database import reading_scope
    from app.store.incidents import incident

    settings = load_settings(config)
    with wiring.opened_state(settings) as database:
        with reading_scope(database) as session:
            record = incident(session, key)
        yield database, record


def _last_run(session: "Session", record: "IncidentRecord") -> Any:
    from app.store.runs import last_whole_run

    found = last_whole_run(session, record.found.lake)
    if found is None:
        raise _nothing_to_plan(record)
    return found


def _folder(session: "Session", record: "IncidentRecord") -> Path | None:
    run = _last_run(session, record)
    return None if run.results_path is None else Path(run.results_path)


def _nothing_to_plan(record: "IncidentRecord") -> Exception:
    from app.core.errors import NotFoundError

    return NotFoundError(
        f"{record.found.lake} has no whole run to plan on", mend="Run lakewarden audit"
    )
