"""`lakewarden alerts`: what would go where and why, a marked test, and the channels."""

import sys
from pathlib import Path

import click

from app.commands.deliveries import opened_session
from app.commands.options import config_option, examples, format_option


@click.group(
    "alerts",
    invoke_without_command=True,
    epilog=examples(
        "lakewarden alerts --dry-run",
        "lakewarden alerts test security",
        "lakewarden alerts channels",
        "lakewarden alerts enable security",
    ),
)
@click.option("--dry-run", is_flag=True, help="Say what would go where and why; send nothing.")
@click.option("--bodies", is_flag=True, help="With --dry-run: also what would be sent.")
@click.option(
    "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many alerts."
)
@config_option
@click.pass_context
def command(
    context: click.Context, dry_run: bool, bodies: bool, limit: int, config: Path | None
) -> None:
    """Alerts without their incidents: try what routes.yaml and the channels would do.

    --dry-run decides again on the newest alerts of the outbox, as a worker would now.
    """
    if context.invoked_subcommand is not None:
        return
    if not dry_run:
        raise click.UsageError("Give --dry-run, or one of test, channels, enable.")
    from app.delivering.building import build_channels, build_routing
    from app.delivering.rehearsing import dry_run as rehearse
    from app.settings import load_settings
    from app.store.leases import database_now
    from app.store.outbox import newest_notices

    settings = load_settings(config)
    channels, routing = build_channels(settings.alerts), build_routing(settings)
    with opened_session(config) as session:
        notices = newest_notices(session, limit)
        planned = rehearse(
            session, channels, routing, notices, database_now(session), bodies=bodies
        )
    if not notices:
        click.echo("There is no alert yet to try: run lakewarden audit first.")
    for one in planned:
        click.echo(str(one))
        if one.body:
            click.echo(f"    {one.body}")


@command.command("test", epilog=examples("lakewarden alerts test security"))
@click.argument("channel")
@config_option
def test(channel: str, config: Path | None) -> None:
    """Send a marked test to a CHANNEL, at once. Exit 0: it was taken. 2: it was not."""
    from datetime import UTC, datetime

    from app.alert.retrying import DELIVERED
    from app.delivering.building import build_channels
    from app.delivering.rehearsing import send_test
    from app.settings import load_settings

    outcome = send_test(build_channels(load_settings(config).alerts), channel, datetime.now(UTC))
    click.echo(f"{channel}: {outcome.result}: {outcome.detail}")
    sys.exit(0 if outcome.result == DELIVERED else 2)


@command.command("channels", epilog=examples("lakewarden alerts channels --format json"))
@config_option
@format_option
def channels(config: Path | None, output: str) -> None:
    """The channels of lakewarden.toml and how each fares."""
    from app.commands.answers import print_json, print_table
    from app.settings import load_settings
    from app.store.channel_health import channel_health

    known = load_settings(config).alerts.channels
    with opened_session(config) as session:
        found = [(one, channel_health(session, name)) for name, one in sorted(known.items())]
    rows = []
    for one, health in found:
        state = "well" if health.failing_since is None else f"fails since {health.failing_since}"
        if health.disabled_at is not None:
            state = f"disabled: {health.disabled_because}"
        rows.append((one.name, one.kind, state, str(health.delivered_at or "never")))
    if output == "json":
        print_json(
            [
                dict(zip(("channel", "kind", "state", "delivered_at"), row, strict=True))
                for row in rows
            ]
        )
        return
    print_table(("channel", "kind", "state", "last delivered"), rows)


@command.command("enable", epilog=examples("lakewarden alerts enable security"))
@click.argument("channel")
@config_option
def enable(channel: str, config: Path | None) -> None:
    """Send to a CHANNEL again that was disabled; what waited for it goes out."""
    from app.store.channel_health import enable_channel

    with opened_session(config, writing=True) as session:
        was = enable_channel(session, channel)
    click.echo(f"{channel}: {'enabled' if was else 'it was not disabled'}")
