"""`lakewarden token`."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from app.commands.options import config_option, format_option


@click.group("token")
def command() -> None:
    """API tokens: shown once, stored hashed, always expiring."""


@command.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["read", "run", "admin"]),
    default=("read",),
    show_default=True,
    help="What it may do; may be given again.",
)
@click.option("--lake", "lakes", multiple=True, help="Limit it to a lake; may be given again.")
@click.option("--expires", default="30d", show_default=True, help="After so long: 12h, 30d.")
@config_option
def create(
    name: str, scopes: tuple[str, ...], lakes: tuple[str, ...], expires: str, config: Path | None
) -> None:
    """Make a token called NAME and print it, this once."""
    from app import wiring
    from app.settings import load_settings
    from app.store import tokens
    from app.store.database import session_scope

    found = re.fullmatch(r"(\d{1,5})([hd])", expires)
    if not found:
        raise click.UsageError(f"--expires {expires}: write 12h or 30d.")
    hours = int(found[1]) * (24 if found[2] == "d" else 1)
    settings = load_settings(config)
    with wiring.opened_state(settings) as database, session_scope(database) as session:
        made = tokens.create_token(
            session,
            name=name,
            scopes=set(scopes),
            expires_at=datetime.now(UTC) + timedelta(hours=hours),
            pepper=wiring.pepper(settings),
            lakes=list(lakes) or None,
        )
    click.echo(made.plaintext)
    until = made.token.expires_at
    click.echo(
        f"Token {made.token.public_id} ({', '.join(sorted(scopes))}) until {until:%Y-%m-%d %H:%MZ}; "
        "it is not shown again.",
        err=True,
    )


@command.command("list")
@config_option
@format_option
def list_all(config: Path | None, output: str) -> None:
    """List the tokens, without their secrets."""
    from app import wiring
    from app.commands.answers import print_json, print_table
    from app.settings import load_settings
    from app.store import tokens
    from app.store.database import reading_scope

    settings = load_settings(config)
    with wiring.opened_state(settings) as database, reading_scope(database) as session:
        found = [
            {
                "id": each.public_id,
                "name": each.name,
                "scopes": sorted(each.scopes),
                "lakes": None if each.lakes is None else sorted(each.lakes),
                "expires_at": f"{each.expires_at:%Y-%m-%dT%H:%M:%SZ}",
                "revoked": each.revoked_at is not None,
            }
            for each in tokens.list_tokens(session)
        ]
    if output == "json":
        print_json(found)
        return
    print_table(
        ("id", "name", "scopes", "lakes", "expires", "revoked"),
        [tuple(row.values()) for row in found],
    )


@command.command("revoke")
@click.argument("public_id", metavar="ID")
@config_option
def revoke(public_id: str, config: Path | None) -> None:
    """Revoke the token with this ID at once."""
    from app import wiring
    from app.settings import load_settings
    from app.store import tokens
    from app.store.database import session_scope

    settings = load_settings(config)
    with wiring.opened_state(settings) as database, session_scope(database) as session:
        tokens.revoke_token(session, public_id)
    click.echo(f"{public_id} is revoked.")
