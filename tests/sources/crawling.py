"""Crawls for tests: facts as plain rows."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from app.core.facts import Facts
from app.sources.registry import open_source


class Crawled:
    """All facts of a crawl by kind, as lists of dictionaries."""

    def __init__(self, facts: Iterable[Facts]) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for batch in facts:
            self._rows[batch.kind] += batch.batch.to_pylist()

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """The rows of a kind, in the order they came."""
        return self._rows[kind]

    def one(self, kind: str, **values: Any) -> dict[str, Any]:
        """The only row of a kind with these values."""
        found = [row for row in self._rows[kind] if values.items() <= row.items()]
        assert len(found) == 1, found
        return found[0]

    def settings(self) -> dict[str, str]:
        """What the lake says of itself."""
        return {row["key"]: row["value"] for row in self._rows["lake_settings"]}

    def gaps(self) -> list[str]:
        """The gaps as `scope object: reason`."""
        return [f"{gap['scope']} {gap['object']}: {gap['reason']}" for gap in self._rows["gaps"]]

    def columns(self, table_id: int) -> list[tuple[str, str, bool]]:
        """A table's columns in order: name, type, partition key."""
        rows = [row for row in self._rows["columns"] if row["table_id"] == table_id]
        rows.sort(key=lambda row: row["position"])
        assert [row["position"] for row in rows] == list(range(len(rows)))
        return [(row["name"], row["type"], row["partition_key"]) for row in rows]

    def properties(self, table_id: int) -> dict[str, str]:
        """A table's properties."""
        rows = self._rows["table_properties"]
        return {row["key"]: row["value"] for row in rows if row["table_id"] == table_id}


def crawl(url: str) -> Crawled:
    """Crawl a source."""
    return Crawled(open_source(url).crawl())
