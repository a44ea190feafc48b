"""`lakewarden db`."""

from pathlib import Path

import click

from app.commands.options import config_option, examples, format_option


@click.group("db", epilog=examples("lakewarden db upgrade"))
def command() -> None:
    """The state database: runs, tokens and the audit trail."""


@command.command("upgrade", epilog=examples("lakewarden db upgrade --config lakewarden.toml"))
@config_option
@format_option
def upgrade(config: Path | None, output: str) -> None:
    """Bring the state database to this version's schema. Safe to run again.

    SQLite is upgraded at its first use anyhow; PostgreSQL only by this command.
    """
    from app.commands.answers import print_json
    from app.settings import load_settings
    from app.store.schema import check
    from app.store.schema import upgrade as upgrade_schema

    settings = load_settings(config)
    before = upgrade_schema(settings.database.reveal())
    now = check(settings.database.reveal())
    if output == "json":
        print_json(
            {"database": str(settings.database), "before": before.current, "now": now.current}
        )
    elif before.current != now.current:
        click.echo(f"{settings.database}: {before.current or 'empty'} → {now.current}")
    else:
        click.echo(f"{settings.database}: up to date at {now.current}")
