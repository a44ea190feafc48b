"""Crawls a metastore through its own Thrift service, Hive 2.3 to 4.x.

A few calls for the whole lake and batches of tables; only roles, databases and the
partitions of tables whose partitions carry rights are asked for one by one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.core.errors import SourceError
from app.core.facts import Facts, Progress, no_progress
from app.core.names import DEFAULT_CATALOG
from app.sources import thrift_answers as answers
from app.sources.arrow_batches import fact_rows
from app.sources.hive_objects import (
    HiveDatabase,
    HiveTable,
    LakeFacts,
    TableKey,
    catalog_or_default,
)
from app.sources.source_url import SourceUrl, parse_source_url
from app.sources.thrift_client import (
    AbsentError,
    MissingCallError,
    RefusedError,
    ThriftClient,
    catalog_request,
    everything,
    members_of,
)
from app.sources.thrift_settings import metastore_settings
from app.sources.thrift_tables import TableReader
from app.sources.thrift_transport import TLS_OPTIONS, buffered, endpoint, framed, sasl

_OPTIONS = (*TLS_OPTIONS, "sasl", "framed", "kerberos_service_name", "connections")
_DEFAULT_PORT = 9083
_DEFAULT_CONNECTIONS = 4
_CHUNK = 100_000  # grants turned into facts at once


def open_thrift(url: str) -> "ThriftMetastore":
    """`thrift://host:9083/?sasl=kerberos&tls=true&framed=true`.

    sasl: none (default), kerberos, or plain with user:password@ in the address. connections:
    how many are used at once. timeout: seconds one answer may take. Raises SourceError for an
    address that cannot be used.
    """
    address = parse_source_url(url, _OPTIONS)
    how = address.query.get("sasl", "none").lower()
    if how not in ("none", "kerberos", "plain"):
        raise SourceError(f"sasl={how} is not understood", mend="Write none, kerberos or plain")
    there = endpoint(address, _DEFAULT_PORT)
    is_framed = address.query.get("framed", "false").lower() == "true"

    def transport() -> Any:
        socket = there.socket()
        if how == "kerberos":
            service = address.query.get("kerberos_service_name", "hive")
            return sasl(socket, "GSSAPI", service=service)
        if how == "plain":
            return sasl(socket, "PLAIN", username=address.user, password=address.password)
        return framed(socket) if is_framed else buffered(socket)

    client = ThriftClient(transport, address.label, _connections(address))
    return ThriftMetastore(client, address.label, nameless=how == "none")


def _connections(address: SourceUrl) -> int:
    said = address.query.get("connections", str(_DEFAULT_CONNECTIONS))
    if not said.isdigit() or not 1 <= int(said) <= 64:
        raise SourceError(f"connections={said} is no number from 1 to 64", mend="Give 4 or so")
    return int(said)


class ThriftMetastore:
    """A metastore's Thrift service as a source; implements facts.Source.

    nameless: whether it is spoken to without proving any name.
    """

    def __init__(self, client: ThriftClient, label: str, *, nameless: bool) -> None:
        self.label = label
        self._client = client
        self._nameless = nameless

    def ask(self) -> dict[str, str]:
        """What the metastore says of its own configuration; for `mode = auto` and findings.

        Raises SourceError when it cannot be reached.
        """
        with self._client.opened() as client:
            return metastore_settings(client, nameless=self._nameless)

    def crawl(self, progress: Progress = no_progress) -> Iterator[Facts]:
        """Yield all facts and gaps.

        Raises SourceError when the metastore cannot be reached, is lost for longer than a
        few attempts, or does not tell tables, roles or grants at all.
        """
        with self._client.opened() as client:
            settings = metastore_settings(client, nameless=self._nameless)
            crawl = _Crawl(client, progress)
            yield from crawl.facts({"source": "metastore-thrift"} | settings)


class _Crawl:
    """One crawl, and what later calls must remember of earlier ones."""

    def __init__(self, client: ThriftClient, progress: Progress) -> None:
        self._client = client
        self._progress = progress
        self._lake = LakeFacts()
        self._reader = TableReader(client, self._lake)
        self._keys: dict[TableKey, tuple[str, ...]] = {}
        self._partitioned: list[HiveTable] = []  # whose partitions carry rights

    def facts(self, settings: Mapping[str, str]) -> Iterator[Facts]:
        """The whole crawl, as a sentence.

        Grants are read once the tables are listed, so that no table stands there without its
        grants; the metastore gathers them while it is asked about the tables in full.
        """
        catalogs = self._catalogs()
        yield fact_rows("catalogs", catalogs)
        names = [name for name, _ in catalogs]
        for catalog in names:
            yield from self._lake.databases(self._databases(catalog))
        listed = [table for catalog in names for table in self._listed(catalog)]
        with self._client.beside(self._privileges) as privileges:
            yield from self._table_facts(listed)
            yield from self._role_facts()
            yield from self._grant_facts(privileges())
        yield self._lake.partitions(self._partition_names())
        yield from self._lake.rest(settings)

    def _must(self, what: str, name: str, *arguments: Any) -> Any:
        """A call without whose answer nothing could be trusted."""
        try:
            return self._client.call(name, *arguments)
        except (MissingCallError, RefusedError) as problem:
            raise SourceError(
                f"The metastore cannot be judged, it does not tell its {what}: {problem}",
                mend="Let Lakewarden's user make authorization calls, or read HiveServer2 or "
                "the metastore's database",
            ) from None

    def _catalogs(self) -> list[tuple[str, str | None]]:
        try:
            names = sorted(self._client.call("get_catalogs").names)
        except MissingCallError:
            return [(DEFAULT_CATALOG, None)]  # Hive 2 has none
        except RefusedError as problem:
            self._lake.gap("lake", "", f"catalogs are refused: {problem}", "Other catalogs")
            return [(DEFAULT_CATALOG, None)]
        found = []
        for name in names:
            try:
                answer = self._client.call("get_catalog", catalog_request(name))
                found.append((name, answer.catalog.locationUri))
            except (MissingCallError, RefusedError):
                found.append((name, None))
        return found

    def _databases(self, catalog: str) -> list[HiveDatabase]:
        if catalog == DEFAULT_CATALOG:
            names = sorted(self._must("databases", "get_all_databases"))
        else:
            pattern = answers.in_catalog(catalog, "*")
            names = sorted(self._must("databases", "get_databases", pattern))
        found: list[HiveDatabase] = []
        for name, answer in self._client.each(
            names, lambda name: self._one_database(answers.in_catalog(catalog, name))
        ):
            self._progress("databases", len(found), len(names))
            if isinstance(answer, str):
                found.append(HiveDatabase(catalog, name))
                self._lake.gap("database", _shown(catalog, name), answer, "Whose database it is")
            elif answer is not None:
                found.append(answers.database(answer))
        return found

    def _one_database(self, name: str) -> Any:
        """The answer; None where it has gone meanwhile, a text where it is refused."""
        try:
            return self._client.call("get_database", name)
        except AbsentError:
            return None
        except (MissingCallError, RefusedError) as problem:
            return f"the metastore does not tell it: {problem}"

    def _listed(self, catalog: str) -> list[HiveTable]:
        every = answers.in_catalog(catalog, "*")
        found = self._must("tables", "get_table_meta", every, "*", [])
        return sorted(map(answers.table_of_meta, found), key=lambda table: table.key)

    def _table_facts(self, listed: list[HiveTable]) -> Iterator[Facts]:
        done = 0
        for batch in self._reader.read(listed):
            for table in batch:
                if table.partition_keys:
                    self._keys[table.key] = tuple(name for name, _ in table.partition_keys)
                if table.has_partition_rights:
                    self._partitioned.append(table)
            yield from self._lake.tables(batch)
            done += len(batch)
            self._progress("tables", done, len(listed))

    def _role_facts(self) -> Iterator[Facts]:
        roles = sorted(self._must("roles", "get_role_names"))
        yield fact_rows("roles", [(role, None) for role in roles])
        members: list[tuple[Any, ...]] = []
        asked = self._client.each(
            roles, lambda role: self._must("roles", "get_principals_in_role", members_of(role))
        )
        for done, (_, answer) in enumerate(asked):
            members += map(answers.member, answer.principalGrants or ())
            self._progress("roles", done, len(roles))
        yield fact_rows("role_members", members)

    def _privileges(self) -> list[Any]:
        found: list[Any] = self._must("grants", "list_privileges", None, None, everything())
        return found

    def _grant_facts(self, found: list[Any]) -> Iterator[Facts]:
        yield from self._late_tables(found)
        for start in range(0, len(found), _CHUNK):
            chunk = found[start : start + _CHUNK]
            grants = [answers.grant(each, self._keys) for each in chunk]
            if None in grants:
                self._lake.gap(
                    "grants",
                    "",
                    "PART_PRIVS may not be read whole: grants on partitions of no known table",
                    "Grants on partitions",
                )
            yield self._lake.grants([grant for grant in grants if grant is not None])
            self._progress("grants", start + len(chunk), len(found))

    def _late_tables(self, found: list[Any]) -> Iterator[Facts]:
        """Tables that hold grants and came after the tables were listed."""
        late = {
            (catalog_or_default(on.catName), on.dbName, on.objectName)
            for on in (each.hiveObject for each in found)
            if on.objectType in (3, 4, 5)
        }
        unknown = sorted(key for key in late if not self._lake.knows(key))
        yield from self._table_facts([HiveTable(*key, kind="") for key in unknown])

    def _partition_names(self) -> dict[TableKey, list[str]]:
        found: dict[TableKey, list[str]] = {}
        for table, names in self._client.each(self._partitioned, self._partitions_of):
            if isinstance(names, str):
                doubt = "Who reaches it: its partitions carry rights of their own"
                self._lake.gap("table", table.shown, names, doubt)
            else:
                found[table.key] = names
        return found

    def _partitions_of(self, table: HiveTable) -> list[str] | str:
        database = answers.in_catalog(table.catalog, table.database)
        try:
            names: list[str] = self._client.call("get_partition_names", database, table.name, -1)
        except AbsentError:
            return []
        except (MissingCallError, RefusedError) as problem:
            return f"its partitions are not told: {problem}"
        return names


def _shown(catalog: str, name: str) -> str:
    return name if catalog == DEFAULT_CATALOG else f"{catalog}.{name}"
