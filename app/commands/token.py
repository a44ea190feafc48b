"""`lakewarden token`."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.options import config_option, examples, format_option

if TYPE_CHECKING:
    from app.store.tokens import Token


@click.group(
    "token",
    epilog=examples(
        "lakewarden token create ci --scope read --expires 90d", "lakewarden token list"
    ),
)
def command() -> None:
    """API tokens: shown once, stored hashed, always expiring."""


@command.command(
    "create",
    epilog=examples(
        "lakewarden token create security-team --expires 30d",
        "lakewarden token create nightly --scope read --scope run --lake main",
    ),
)
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
@click.option(
    "--lake", "lakes", metavar="LAKE", multiple=True, help="Limit it to a lake; may be given again."
)
@click.option(
    "--expires",
    metavar="TIME",
    default="30d",
    show_default=True,
    help="After so many hours or days: 12h, 30d.",
)
@config_option
@format_option
def create(
    name: str,
    scopes: tuple[str, ...],
    lakes: tuple[str, ...],
    expires: str,
    config: Path | None,
    output: str,
) -> None:
    """Make a token called NAME and print it, this once."""
    from app import wiring
    from app.commands.answers import print_json
    from app.settings import load_settings
    from app.store import tokens
    from app.store.database import session_scope

    found = re.fullmatch(r"([1-9]\d{0,4})([hd])", expires)
    if not found:
        raise click.UsageError(f"--expires {expires}: write 12h or 30d.")
    hours = int(found[1]) * (24 if found[2] == "d" else 1)
    settings = load_settings(config)
    for lake in lakes:
        settings.lake(lake)
    with wiring.opened_state(settings) as database, session_scope(database) as session:
        made = tokens.create_token(
            session,
            name=name,
            scopes=set(scopes),
            expires_at=datetime.now(UTC) + timedelta(hours=hours),
            pepper=wiring.pepper(settings),
            lakes=list(lakes) or None,
        )
    if output == "json":
        print_json({"token": made.plaintext, **_described(made.token)})
        return
    click.echo(made.plaintext)
    until = f"{made.token.expires_at:%Y-%m-%d %H:%MZ}"
    click.echo(
        f"Token {made.token.public_id} ({', '.join(sorted(scopes))}) until {until}; "
        "it is not shown again.",
        err=True,
    )


@command.command("list", epilog=examples("lakewarden token list --format json"))
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
        found = [_described(each) for each in tokens.list_tokens(session)]
    if output == "json":
        print_json(found)
    elif found:
        print_table(
            ("id", "name", "scopes", "lakes", "expires", "last used", "revoked"),
            [
                tuple("every" if key == "lakes" and value is None else value for key, value in row)
                for row in (each.items() for each in found)
            ],
        )
    else:
        click.echo("There is no token: lakewarden token create NAME")


def _described(token: "Token") -> dict[str, Any]:
    used = token.last_used_at
    return {
        "id": token.public_id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "lakes": None if token.lakes is None else sorted(token.lakes),
        "expires_at": f"{token.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        "last_used_at": None if used is None else f"{used:%Y-%m-%dT%H:%M:%SZ}",
        "revoked": token.revoked_at is not None,
    }


@command.command("revoke", epilog=examples("lakewarden token revoke 7kq2mxv4"))
@click.argument("public_id", metavar="ID")
@config_option
@format_option
def revoke(public_id: str, config: Path | None, output: str) -> None:
    """Revoke the token with this ID (see `token list`) at once."""
    from app import wiring
    from app.commands.answers import print_json
    from app.settings import load_settings
    from app.store import tokens
    from app.store.database import session_scope

    settings = load_settings(config)
    with wiring.opened_state(settings) as database, session_scope(database) as session:
        found = tokens.revoke_token(session, public_id)
    if output == "json":
        print_json(_described(found))
    else:
        click.echo(f"{public_id} is revoked.")
