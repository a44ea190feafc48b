"""Runs of the past, for the commands that compare them."""

import re
from datetime import UTC, datetime
from pathlib import Path

import click

from app import wiring
from app.core.errors import BadNameError, NotFoundError
from app.core.names import show
from app.settings import Settings, load_settings
from app.store import runs
from app.store.database import Session, reading_scope
from app.store.runs import Run

_RUN = re.compile(r"\d{8}T\d{12}-\w+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_time(text: str, *, end: bool = False) -> datetime:
    """A UTC date or time. A date alone is its first moment, or its last with `end`."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadNameError(
            f"{show(text)!r} is no date", mend="Write 2026-06-09 or 2026-06-09T12:00:00Z"
        ) from None
    if end and _DATE.fullmatch(text.strip()):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def runs_to_compare(settings: Settings, lake: str, since: str | None) -> tuple[Run, Run]:
    """The last whole run of a lake, and the one to compare it with.

    since: a run, or a moment: then the run that was the newest at that moment.
    """
    with wiring.opened_state(settings) as database, reading_scope(database) as session:
        later = runs.last_whole_run(session, lake)
        if later is None:
            raise NotFoundError(f"{lake} has no whole run yet", mend="Run lakewarden audit first")
        earlier = _earlier(session, lake, later, since)
    if earlier.results_path is None:
        raise NotFoundError(
            f"Run {earlier.id} is {earlier.state}, not whole", mend="Compare with a whole run"
        )
    if not Path(earlier.results_path).is_dir():
        raise NotFoundError(
            f"The results of run {earlier.id} were pruned", mend="Compare with a later run"
        )
    return earlier, later


def _earlier(session: Session, lake: str, later: Run, since: str | None) -> Run:
    if since is None:
        if later.previous_run is None:
            raise NotFoundError(
                f"{lake} has one whole run only, {later.id}",
                mend="There is something to compare after the next audit",
            )
        try:
            return runs.run(session, later.previous_run)
        except NotFoundError:
            raise NotFoundError(
                f"The run before {later.id} was pruned",
                mend="There is something to compare after the next audit",
            ) from None
    if _RUN.fullmatch(since):
        return wiring.run_of(session, lake, since)
    found = runs.last_whole_run(session, lake, until=parse_time(since))
    if found is None:
        whole = [each for each in runs.every_run(session, lake) if each.state == runs.WHOLE]
        raise NotFoundError(
            f"{lake} was not audited by {show(since)}",
            mend=f"Its first whole run still on record is {whole[-1].id}",
        )
    return found


def print_who_could(
    config: Path | None,
    choice: wiring.LakeChoice,
    right: str,
    object_name: str,
    between: tuple[str, str],
    limit: int,
    output: str,
) -> int:
    """Answer `who-can --between` from the runs of the time; the exit code comes back."""
    from app.commands.answers import counted, print_json, print_table
    from app.long_questions import who_could_between

    settings = load_settings(config)
    lake = wiring.choose_lake(settings, choice)
    start, end = parse_time(between[0]), parse_time(between[1], end=True)
    if end < start:
        raise BadNameError(
            f"{show(between[1])} is before {show(between[0])}", mend="Give FROM before TO"
        )
    with wiring.opened_state(settings) as database, reading_scope(database) as session:
        past = wiring.past_runs(session, settings, lake, start, end)
    found = who_could_between(past, right, object_name)
    about = found.about
    code = 2 if about["missing_in"] or not all(row["sure"] for row in found.rows) else 0
    if output == "json":
        print_json({"about": about, "rows": found.rows})
        return code
    who = "everyone" if about["everyone"] else counted(about["people"], "person", "people")
    click.echo(
        f"{who} could {about['right']} {show(about['object'])} in "
        f"{counted(len(past), 'run', 'runs')} of that time"
    )
    if about["missing_in"]:
        click.echo(f"Not known from: {', '.join(about['missing_in'])}")
    if found.rows:
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
        click.echo(f"… and {len(found.rows) - limit:,} more: give --limit or --all")
    return code
