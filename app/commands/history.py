"""Runs of the past, for the commands that compare them."""

from datetime import UTC, datetime
from pathlib import Path

import click

from app import wiring
from app.core.errors import BadNameError, NotFoundError
from app.settings import Settings, load_settings
from app.store import runs
from app.store.database import reading_scope
from app.store.runs import Run


def parse_time(text: str, *, end: bool = False) -> datetime:
    """A UTC date or time. A date alone is its first moment, or its last with `end`."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise BadNameError(
            f"{text!r} is no date", mend="Write 2026-06-09 or 2026-06-09T12:00:00Z"
        ) from None
    if end and len(text) == len("2026-06-09"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def runs_to_compare(settings: Settings, lake: str, since: str | None) -> tuple[Run, Run]:
    """The last whole run of a lake, and the one to compare it with."""
    with wiring.opened_state(settings) as database, reading_scope(database) as session:
        later = runs.last_whole_run(session, lake)
        if later is None:
            raise NotFoundError(f"{lake} has no whole run yet", mend="Run lakewarden audit first")
        if since is None:
            earlier = runs.run(session, later.previous_run) if later.previous_run else None
        elif since[:2].isdigit() and "-" in since:
            earlier = runs.last_whole_run(session, lake, until=parse_time(since, end=True))
        else:
            earlier = runs.run(session, since)
    if earlier is None or earlier.results_path is None:
        raise NotFoundError(
            f"{lake} has no whole run from then", mend="Give a later date, or see the runs"
        )
    if not Path(earlier.results_path).is_dir():
        raise NotFoundError(
            f"The results of run {earlier.id} were pruned", mend="Compare with a later run"
        )
    return earlier, later


def print_who_could(
    config: Path | None,
    choice: wiring.LakeChoice,
    right: str,
    object_name: str,
    between: tuple[str, str],
    limit: int,
    output: str,
) -> None:
    """Answer `who-can --between` from the runs of the time."""
    from app.commands.answers import print_json, print_table
    from app.long_questions import who_could_between

    settings = load_settings(config)
    lake = wiring.choose_lake(settings, choice)
    start, end = parse_time(between[0]), parse_time(between[1], end=True)
    with wiring.opened_state(settings) as database, reading_scope(database) as session:
        past = wiring.past_runs(session, settings, lake, start, end)
    found = who_could_between(past, right, object_name)
    if output == "json":
        print_json({"about": found.about, "rows": found.rows})
        return
    about = found.about
    who = "everyone" if about["everyone"] else f"{about['people']:,} people"
    click.echo(f"{who} could {about['right']} {about['object']} in {len(past)} runs of that time")
    if about["missing_in"]:
        click.echo(f"Not known from: {', '.join(about['missing_in'])}")
    print_table(
        ("who", "kind", "policy allowed", "through", "first seen", "last seen"),
        [
            (
                row["subject"],
                row["kind"],
                row["permitted"],
                row["via"],
                row["first_seen"],
                row["last_seen"],
            )
            for row in found.rows[:limit]
        ],
    )
    if len(found.rows) > limit:
        click.echo(f"… and {len(found.rows) - limit:,} more: give --limit")
