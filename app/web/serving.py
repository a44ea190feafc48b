"""Listening: where the server may, and ending well when it is told to."""

import contextlib
import signal
from types import FrameType

import uvicorn
from fastapi import FastAPI

from app.core.errors import SettingsError
from app.web.gate import is_loopback

#: How long answers under way may take after the server was told to end.
GRACE_SECONDS = 10


def check_may_serve(host: str, has_tokens: bool) -> None:
    """Refuse to listen to other machines while no token lets anybody in."""
    if has_tokens or is_loopback(host):
        return
    raise SettingsError(
        f"{host} is not this machine alone, and there is no token that lets anybody in",
        mend="Make one with: lakewarden token create; or listen on 127.0.0.1",
    )


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM; then finish what is being answered and end."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # uvicorn raises the signal that ended it once more when all is closed.
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config, app).run()


class _Server(uvicorn.Server):
    """Tells streams that would never end that the server does."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends the server, a second one at once."""
        self._app.state.desk.stopping.set()
        super().handle_exit(signal.Signals(sig), frame)
