"""`lakewarden silences`: matching alerts held back for a while."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app.commands.deliveries import ListByDefault, moment, opened_session
from app.commands.options import config_option, examples, format_option


@click.group(
    "silences",
    cls=ListByDefault,
    epilog=examples(
        "lakewarden silences",
        "lakewarden silences add --match lake=main --hours 4 --comment tonight",
        "lakewarden silences end 20260612T081530123456-7kq2mx",
    ),
)
def command() -> None:
    """Times in which matching alerts are held back. Each has an end, at most 14 days away."""


@command.command("list", epilog=examples("lakewarden silences list --ended"))
@click.option("--ended", is_flag=True, help="Those that are over as well.")
@config_option
@format_option
def list_them(ended: bool, config: Path | None, output: str) -> None:
    """Silences, the next to end first, and how much each has held back."""
    from app.commands.answers import print_json, print_table
    from app.store.silences import list_silences

    with opened_session(config) as session:
        found = list_silences(session, ended=ended)
    if output == "json":
        print_json([silence_row(one) for one in found])
        return
    if not found:
        click.echo("No silences.")
        return
    print_table(
        ("silence", "matches", "from", "until", "held back", "by", "comment"),
        [
            (
                one.id,
                [f"{name}={'|'.join(values)}" for name, values in one.matchers.items()],
                _said(one.starts_at),
                _said(one.ends_at),
                str(one.matched) if one.matched else "nothing so far",
                one.created_by,
                one.comment,
            )
            for one in found
        ],
    )


@command.command(
    "add", epilog=examples("lakewarden silences add --match class=payroll --comment 'cut-over'")
)
@click.option(
    "--match",
    "matches",
    metavar="NAME=GLOB",
    multiple=True,
    required=True,
    help="severity, class, lake, kind or event; again for more. All names must match.",
)
@click.option(
    "--hours", type=click.FloatRange(0.01, 336), default=4.0, show_default=True, help="How long."
)
@click.option("--until", metavar="TIME", help="The end, in place of --hours.")
@click.option("--from", "begin", metavar="TIME", help="The start (default: now).")
@click.option("--comment", required=True, metavar="TEXT", help="Why.")
@config_option
def add(
    matches: tuple[str, ...],
    hours: float,
    until: str | None,
    begin: str | None,
    comment: str,
    config: Path | None,
) -> None:
    """Hold matching alerts back for a while. What is still open when it ends goes out."""
    from datetime import timedelta

    from app.store.leases import database_now
    from app.store.questions import cli_asker
    from app.store.silences import add_silence

    matchers: dict[str, list[str]] = {}
    for one in matches:
        name, found, pattern = one.partition("=")
        if not found:
            raise click.UsageError(f"--match {one}: write NAME=GLOB, such as lake=main.")
        matchers.setdefault(name, []).append(pattern)
    with opened_session(config, writing=True) as session:
        now = database_now(session)
        starts = moment(begin) or now
        made = add_silence(
            session,
            matchers=matchers,
            starts_at=starts,
            ends_at=moment(until) or max(starts, now) + timedelta(hours=hours),
            created_by=cli_asker(),
            comment=comment,
            now=now,
        )
    click.echo(f"{made.id}: until {_said(made.ends_at)}")


@command.command("end", epilog=examples("lakewarden silences end ID"))
@click.argument("silence")
@config_option
def end(silence: str, config: Path | None) -> None:
    """End a SILENCE now; what it held back and is still so goes out."""
    from app.store.leases import database_now
    from app.store.questions import cli_asker
    from app.store.silences import end_silence

    with opened_session(config, writing=True) as session:
        ended = end_silence(session, silence, ended_by=cli_asker(), now=database_now(session))
    click.echo(f"{ended.id}: ended")


def silence_row(one: Any) -> dict[str, Any]:
    """A silence, JSON-ready."""
    return {
        "id": one.id,
        "matchers": {name: list(values) for name, values in one.matchers.items()},
        "starts_at": _said(one.starts_at),
        "ends_at": _said(one.ends_at),
        "created_by": one.created_by,
        "comment": one.comment,
        "matched": one.matched,
        "matches_nothing": one.matched == 0,
    }


def _said(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
