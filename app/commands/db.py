"""`lakewarden db`."""

from pathlib import Path

import click

from app.commands.options import config_option


@click.group("db")
def command() -> None:
    """The state database: runs, tokens and the audit trail."""


@command.command("upgrade")
@config_option
def upgrade(config: Path | None) -> None:
    """Bring the state database to this version's schema. Safe to run again."""
    from app.settings import load_settings
    from app.store.schema import check
    from app.store.schema import upgrade as upgrade_schema

    settings = load_settings(config)
    before = upgrade_schema(settings.database.reveal())
    now = check(settings.database.reveal())
    moved = before.current != now.current
    click.echo(
        f"{settings.database}: {before.current or 'empty'} → {now.current}"
        if moved
        else f"{settings.database}: up to date at {now.current}"
    )
