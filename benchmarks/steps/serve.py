"""Serves the API with one more route for comparison: serve CONFIG PREPARED.

The route `/v1/lakes/{lake}/prepared/{kind}/{number}` checks the token as the others do
and answers with a document of the JSON file PREPARED, {kind: [document, …]}, which is
read when it is first asked. Makes a token and says it with the port, then serves until
it is told to end.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from app import wiring
from app.main import create_app
from app.serving import services
from app.settings import load_settings
from app.store import tokens
from app.store.database import session_scope
from app.web.callers import LakeReader
from app.web.json_answer import json_answer
from app.web.serving import serve
from tests.postgres_cluster import free_port

HOST = "127.0.0.1"


class Prepared:
    """Documents that are only handed out."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @cached_property
    def _documents(self) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = json.loads(self._file.read_text("utf-8"))
        return found

    def document(self, kind: str, number: int) -> Any:
        """One of a kind; they come again after the last."""
        documents = self._documents[kind]
        return documents[number % len(documents)]


def router_of(prepared: Prepared) -> APIRouter:
    """The route, written like the questions it is compared with."""
    router = APIRouter()

    @router.get("/v1/lakes/{lake}/prepared/{kind}/{number}")
    def ask_prepared(caller: LakeReader, kind: str, number: int) -> Response:
        return json_answer(prepared.document(kind, number))

    return router


def main() -> None:
    """Build the application, say where it is, serve."""
    settings = load_settings(Path(sys.argv[1]), {})
    with wiring.opened_state(settings) as database:
        with session_scope(database) as session:
            made = tokens.create_token(
                session,
                name="benchmark",
                scopes={"read"},
                expires_at=datetime.now(UTC) + timedelta(hours=12),
                pepper=wiring.pepper(settings),
            )
        app = create_app(services(settings, database))
        # Before all others: the fewest routes tried.
        app.router.routes[:0] = router_of(Prepared(Path(sys.argv[2]))).routes
        port = free_port()
        print(json.dumps({"port": port, "token": made.plaintext}), flush=True)
        serve(app, HOST, port)


if __name__ == "__main__":
    main()
