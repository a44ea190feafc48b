"""`lakewarden deliveries`: what went where, every attempt, and sending again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.options import config_option, examples, format_option
from app.core.errors import BadNameError

if TYPE_CHECKING:
    from app.store.database import Session
    from app.store.deliveries import Delivery


class ListByDefault(click.Group):
    """Without a command's name it lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@contextmanager
def opened_session(config: Path | None, *, writing: bool = False) -> Iterator["Session"]:
    """A session with the state database of the settings."""
    from app import wiring
    from app.settings import load_settings
    from app.store.database import reading_scope, session_scope

    scope = session_scope if writing else reading_scope
    with wiring.opened_state(load_settings(config)) as database, scope(database) as session:
        yield session


def moment(text: str | None) -> datetime | None:
    """A moment or a day in ISO 8601, UTC without a zone. Raises BadNameError."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except ValueError:
        raise BadNameError(
            f"{text!r} is no moment", mend="Write 2026-06-12 or 2026-06-12T08:15:00Z"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.group(
    "deliveries",
    cls=ListByDefault,
    epilog=examples(
        "lakewarden deliveries list --state dead",
        "lakewarden deliveries show 20260612T081530123456-7kq2mx",
        "lakewarden deliveries replay --since 2026-06-12T08:00:00Z",
    ),
)
def command() -> None:
    """What was sent to whom, each attempt and its answer; dead letters are kept."""


@command.command("list", epilog=examples("lakewarden deliveries list --channel pagerduty"))
@click.option("--state", type=click.Choice(["waiting", "delivered", "dead"]), help="In this state.")
@click.option("--channel", metavar="NAME", help="To this channel.")
@click.option("--message", metavar="ID", help="Of this message, such as an incident's event.")
@click.option("--since", metavar="TIME", help="Made from then on.")
@click.option("--until", metavar="TIME", help="Made before then.")
@click.option(
    "--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many."
)
@config_option
@format_option
def list_them(
    state: str | None,
    channel: str | None,
    message: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    config: Path | None,
    output: str,
) -> None:
    """Deliveries, the newest first."""
    from app.commands.answers import print_json, print_table
    from app.store.delivery_log import list_deliveries

    with opened_session(config) as session:
        found = list_deliveries(
            session,
            state=state,
            channel=channel,
            message_id=message,
            since=moment(since),
            until=moment(until),
            limit=limit,
        )
    if output == "json":
        print_json([delivery_row(one) for one in found.items])
        return
    if not found.items:
        click.echo("No deliveries.")
        return
    print_table(
        ("delivery", "made", "state", "channel", "severity", "message", "attempts", "next"),
        [
            (
                one.id,
                _said(one.created_at),
                one.state,
                one.channel,
                one.severity or "info",
                one.message.id,
                str(one.attempts),
                _said(one.next_at) if one.state == "waiting" else "",
            )
            for one in found.items
        ],
    )
    if found.next is not None:
        click.echo("There are more: narrow them with --since and --until.", err=True)


@command.command("show", epilog=examples("lakewarden deliveries show ID --format json"))
@click.argument("delivery")
@config_option
@format_option
def show_one(delivery: str, config: Path | None, output: str) -> None:
    """One DELIVERY with all of its attempts."""
    from app.commands.answers import print_json, print_table
    from app.store.deliveries import delivery as stored
    from app.store.delivery_log import attempts

    with opened_session(config) as session:
        one, made = stored(session, delivery), attempts(session, delivery)
    if output == "json":
        print_json({**delivery_row(one), "tries": [attempt_row(each) for each in made]})
        return
    for name, value in delivery_row(one).items():
        if value not in (None, "", []):
            click.echo(f"{name}: {value if isinstance(value, (str, int)) else ', '.join(value)}")
    print_table(
        ("attempt", "at", "seconds", "result", "status", "answer"),
        [
            (
                str(each.number),
                _said(each.at),
                f"{each.seconds:.2f}",
                each.result,
                str(each.status or ""),
                each.detail,
            )
            for each in made
        ],
    )


@command.command(
    "replay",
    epilog=examples(
        "lakewarden deliveries replay 20260612T081530123456-7kq2mx",
        "lakewarden deliveries replay --since 2026-06-12 --until 2026-06-13 --channel siem --all",
    ),
)
@click.argument("deliveries", nargs=-1)
@click.option("--since", metavar="TIME", help="All that were made from then on.")
@click.option("--until", metavar="TIME", help="And before then (default: now).")
@click.option("--channel", metavar="NAME", help="To this channel only.")
@click.option("--all", "every", is_flag=True, help="With --since: also what was delivered.")
@config_option
def replay_them(
    deliveries: tuple[str, ...],
    since: str | None,
    until: str | None,
    channel: str | None,
    every: bool,
    config: Path | None,
) -> None:
    """Send DELIVERIES again, or the dead letters of a time; each under its own message id."""
    from app.store.delivery_log import replay, replay_between
    from app.store.leases import database_now

    if bool(deliveries) == bool(since):
        raise click.UsageError("Name deliveries, or a time with --since.")
    with opened_session(config, writing=True) as session:
        now = database_now(session)
        if deliveries:
            made = tuple(replay(session, one, now) for one in deliveries)
        else:
            begin, end = moment(since) or now, moment(until) or now
            made = replay_between(session, begin, end, now, channel=channel, dead_only=not every)
    for one in made:
        click.echo(one)
    click.echo(f"{len(made)} will be sent again by the worker.", err=True)


@command.command("prune", epilog=examples("lakewarden deliveries prune"))
@click.option(
    "--keep-days", type=click.IntRange(0), metavar="N", help="Default: retention.keep_days."
)
@click.option(
    "--keep-count", type=click.IntRange(0), metavar="N", help="Default: retention.keep_deliveries."
)
@config_option
def prune_them(keep_days: int | None, keep_count: int | None, config: Path | None) -> None:
    """Forget what was delivered long ago; the worker does it every hour.

    What waits, what a silence holds back and what was never taken stays.
    """
    from app import wiring
    from app.delivering.pruning import prune_old_alerts
    from app.settings import load_settings

    settings = load_settings(config)
    given = {"keep_days": keep_days, "keep_deliveries": keep_count}
    wanted = replace(
        settings.retention, **{name: value for name, value in given.items() if value is not None}
    )
    with wiring.opened_state(settings) as database:
        gone = prune_old_alerts(database, wanted)
    click.echo(
        f"{gone.deliveries} deliveries with {gone.attempts} attempts, {gone.decisions} decisions, "
        f"{gone.notices} notices and {gone.silences} silences are forgotten."
    )


def delivery_row(one: "Delivery") -> dict[str, Any]:
    """A delivery without its message's content."""
    return {
        "id": one.id,
        "message": one.message.id,
        "channel": one.channel,
        "route": one.route,
        "severity": one.severity,
        "state": one.state,
        "reason": one.reason,
        "attempts": one.attempts,
        "created_at": _said(one.created_at),
        "next_at": _said(one.next_at),
        "finished_at": _said(one.finished_at),
        "notices": [notice.title for notice in one.message.notices],
        "second": one.second,
        "replay_of": one.replay_of,
    }


def attempt_row(each: Any) -> dict[str, Any]:
    """An attempt; its detail holds no secret."""
    return {
        "number": each.number,
        "at": _said(each.at),
        "seconds": round(each.seconds, 3),
        "result": each.result,
        "status": each.status,
        "detail": each.detail,
    }


def _said(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
