"""`lakewarden serve`: the REST API."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.options import config_option, examples
from app.core.errors import SettingsError
from app.settings import Settings

if TYPE_CHECKING:
    from app.web.services import Services


@click.command(
    "serve",
    epilog=examples("lakewarden serve", "lakewarden serve --host 0.0.0.0 --port 8080"),
)
@click.option(
    "--host", metavar="ADDRESS", help="The address to listen on (default: the settings')."
)
@click.option("--port", type=click.IntRange(0, 65535), help="The port (0: any free one).")
@config_option
def command(host: str | None, port: int | None, config: Path | None) -> None:
    """Serve the REST API under /v1, until Ctrl-C. Whoever asks needs a token
    (`lakewarden token create`); on anything but this machine alone it refuses to start
    without one.
    """
    from app import wiring
    from app.serving import services
    from app.settings import load_settings
    from app.store import tokens
    from app.store.database import reading_scope
    from app.web.serving import check_may_serve

    settings = load_settings(config)
    address = host or settings.server.host
    with wiring.opened_state(settings) as database:
        with reading_scope(database) as session:
            usable = tokens.has_usable_token(session)
        check_may_serve(address, usable)
        found = open_port(address, settings.server.port if port is None else port)
        if not usable:
            click.echo("No token is usable yet: lakewarden token create NAME", err=True)
        _serve(services(settings, database), settings, address, found)


def _serve(built: "Services", settings: Settings, host: str, port: int) -> None:
    from app.log import set_up_logging
    from app.main import create_app
    from app.web.serving import serve

    set_up_logging(settings.log.format, settings.log.level)
    click.echo(f"Lakewarden serves http://{shown(host)}:{port}/ - Ctrl-C ends it.", err=True)
    serve(create_app(built), host, port)


def shown(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host else host


def open_port(host: str, port: int) -> int:
    """That port if it can be listened on, and for 0 one that is free.

    Raises SettingsError naming what is in the way.
    """
    import socket

    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            found: int = probe.getsockname()[1]
            return found
    except OSError as problem:
        raise SettingsError(
            f"{shown(host)}:{port} cannot be listened on: {problem.strerror or problem}",
            mend="Give another --host or --port (0: any free one), or end what listens there",
        ) from None


def serve_with_token(settings: Settings, lake: str) -> None:
    """Serve a demonstration: print the address, a token and three lines to try."""
    from app import wiring
    from app.serving import services
    from app.store import tokens
    from app.store.database import session_scope

    host = settings.server.host
    try:
        port = open_port(host, settings.server.port)
    except SettingsError:
        port = open_port(host, 0)
    with wiring.opened_state(settings) as database:
        with session_scope(database) as session:
            made = tokens.create_token(
                session,
                name="demonstration",
                scopes={"read", "run"},
                expires_at=datetime.now(UTC) + timedelta(hours=12),
                pepper=wiring.pepper(settings),
            )
        address = f"http://{shown(host)}:{port}"
        click.echo(f"\nThe API is at {address}/v1 with this token (12 hours):\n")
        click.echo(f"  export TOKEN={made.plaintext}\n")
        asked = (
            f"/v1/lakes/{lake}/report",
            f"/v1/lakes/{lake}/exposures?severity=SEV0&limit=3",
            f"/v1/lakes/{lake}/widest?limit=3",
        )
        for path in asked:
            click.echo(f'  curl -s -H "Authorization: Bearer $TOKEN" "{address}{path}"')
        click.echo("")
        _serve(services(settings, database), settings, host, port)
