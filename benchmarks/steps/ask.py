"""Asks a running server: ask SNAPSHOT PORT TOKEN PREPARED SECONDS ROUNDS SEED.

First asks some questions once, so that the server has the lake open, and writes the
answers to PREPARED for the route to compare with. Then, in turn, who-can and explain about
tables never asked for before, and as many prepared answers. Says requests a second, one
number a round.
"""

import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.core.lookup import Lookup
from app.lake.snapshot import StoredSnapshot
from benchmarks.http_client import Connection, Load, Server, load
from benchmarks.stored_lakes import LAKE

CONNECTIONS = 4
PAGE = 50
_WARM = 100

#: No more requests than this are made ready for one round.
_MOST = 20_000


class Questions:
    """Random questions about a lake: no table comes twice."""

    def __init__(self, snapshot: StoredSnapshot, server: Server, seed: int) -> None:
        self._lookup = Lookup(snapshot)
        self._server = server
        self._chance = random.Random(seed)
        tables = snapshot.rows("tables")
        self._tables = iter(self._chance.sample(range(tables), tables))
        self._users = snapshot.mapped("users").column("name")
        self._members: dict[str, list[str]] = defaultdict(list)
        members = snapshot.mapped("role_members")
        for kind, member, role in zip(
            *(members.column(name).to_pylist() for name in ("member_type", "member", "role")),
            strict=True,
        ):
            if kind == "USER":
                self._members[role].append(member)

    def who_can(self) -> bytes:
        """Who can read a random table: a page."""
        asked = {"right": "select", "object": self._name(next(self._tables)), "limit": str(PAGE)}
        return self._server.request(f"/v1/lakes/{LAKE}/who-can", asked)

    def explain(self) -> bytes:
        """Why somebody can read a random table, or why not: half and half, about."""
        table = next(self._tables)
        user = self._somebody_granted(table) if self._chance.random() < 0.5 else None
        asked = {
            "user": user or self._users[self._chance.randrange(len(self._users))].as_py(),
            "right": "select",
            "object": self._name(table),
        }
        return self._server.request(f"/v1/lakes/{LAKE}/explain", asked)

    def prepared(self, kind: str, count: int) -> list[bytes]:
        """As many requests for prepared answers of a kind."""
        path = f"/v1/lakes/{LAKE}/prepared/{kind}"
        return [self._server.request(f"{path}/{number}") for number in range(count)]

    def _name(self, table: int) -> str:
        name = self._lookup.table_name(table)
        return f"{name.database}.{name.table}"

    def _somebody_granted(self, table: int) -> str | None:
        grants = self._lookup.table_grants(table, ("table",), parts=False).grants
        readers = [grant for grant in grants if grant.privilege == "SELECT"]
        if not readers:
            return None
        grant = self._chance.choice(readers)
        if grant.principal_type == "USER":
            return grant.principal
        members = self._members.get(grant.principal)
        return self._chance.choice(members) if members else None


def main() -> None:
    """Warm up, ask in turn, say how many."""
    snapshot = StoredSnapshot(Path(sys.argv[1]))
    server = Server(int(sys.argv[2]), sys.argv[3])
    prepared, seconds, rounds = Path(sys.argv[4]), float(sys.argv[5]), int(sys.argv[6])
    questions = Questions(snapshot, server, int(sys.argv[7]))
    kinds = {"who-can": questions.who_can, "explain": questions.explain}
    warming = {kind: [ask() for _ in range(_WARM)] for kind, ask in kinds.items()}
    documents = _warm_up(server, warming)
    prepared.write_text(json.dumps(documents), encoding="utf-8")
    said: dict[str, dict[str, list[float]]] = {
        side: defaultdict(list) for kind in kinds for side in (kind, f"prepared {kind}")
    }
    for _ in range(rounds):
        for kind, ask in kinds.items():
            fresh = [ask() for _ in range(_MOST)]
            for side, requests in (
                (f"prepared {kind}", questions.prepared(kind, _WARM)),
                (kind, fresh),
            ):
                for name, value in _figures(load(server, requests, seconds, CONNECTIONS)):
                    said[side][name].append(value)
    rows = sum(len(each["items"]) for each in documents["who-can"]) / _WARM
    paths = sum(len(each["paths"]) for each in documents["explain"]) / _WARM
    print(json.dumps({"sides": said, "rows": rows, "paths": paths}))


def _warm_up(server: Server, asked: dict[str, list[bytes]]) -> dict[str, list[Any]]:
    connection = Connection(server)
    try:
        return {
            kind: [connection.document(request) for request in requests]
            for kind, requests in asked.items()
        }
    finally:
        connection.close()


def _figures(found: Load) -> Iterator[tuple[str, float]]:
    yield "a_second", found.a_second
    yield "median", found.latency(0.5)
    yield "p99", found.latency(0.99)
    yield "bytes", found.body_bytes / found.requests


if __name__ == "__main__":
    main()
