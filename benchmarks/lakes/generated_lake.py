"""A generated lake as a source: the same facts a crawl of it would give."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from app.core.facts import SCHEMAS, Facts, Progress, no_progress
from benchmarks.lakes import queries
from benchmarks.lakes.plan import LAST_DAY, YEAR, LakePlan
from benchmarks.lakes.size import LakeSize
from benchmarks.lakes.view_texts import make_views
from benchmarks.lakes.vocabulary import (
    FAMILIES,
    PRIVILEGES,
    SENSITIVE_DATABASES,
    VIEW_DATABASE,
    Vocabulary,
)

WAREHOUSE = "s3a://lake-production/warehouse"


class GeneratedLake:
    """Lake L or a smaller one; implements core.facts.Source.

    `crawl` gives the lake and its directory of people, batch after batch, the same facts
    for the same size and seed. Nothing is held beyond the plan, about 150 MB for L.
    """

    def __init__(self, size: LakeSize, *, memory: str = "1GB", threads: int = 2) -> None:
        self.size = size
        self.label = f"generated:scale={size.scale:g},seed={size.seed}"
        self._words = Vocabulary(size)
        self._memory, self._threads = memory, threads

    def crawl(self, progress: Progress = no_progress) -> Iterator[Facts]:
        """The lake, then its directory."""
        plan = self._plan()
        yield from self._lake(plan, progress)
        yield from self._directory(plan, progress)

    def crawl_lake(self, progress: Progress = no_progress) -> Iterator[Facts]:
        """What the metastore of the lake says."""
        return self._lake(self._plan(), progress)

    def crawl_directory(self, progress: Progress = no_progress) -> Iterator[Facts]:
        """The people, services and leavers of the lake, and their groups."""
        return self._directory(self._plan(), progress)

    def _plan(self) -> LakePlan:
        return LakePlan(self._words, memory=self._memory, threads=self._threads)

    def _lake(self, plan: LakePlan, progress: Progress) -> Iterator[Facts]:
        # What a crawl of the database would say of itself, so that snapshots are equal.
        settings = {"source": "metastore-database", "metastore_version": "4.0.0"}
        yield _facts("lake_settings", key=list(settings), value=list(settings.values()))
        yield _facts("catalogs", name=["hive"], location=[WAREHOUSE])
        yield self._databases()
        views = list(make_views(plan))
        yield from _counted(progress, "tables", self._tables(plan, views), self.size.tables)
        yield from _counted(progress, "columns", self._columns(plan, views), None)
        yield from _counted(progress, "table_properties", self._properties(plan), None)
        yield _facts(
            "roles",
            name=self._words.roles,
            create_time=[LAST_DAY - 5 * YEAR + n for n in range(self.size.roles)],
        )
        yield from _counted(progress, "role_members", self._role_members(plan), None)
        yield from _counted(progress, "grants", self._grants(plan), self.size.grants)

    def _directory(self, plan: LakePlan, progress: Progress) -> Iterator[Facts]:
        size, words = self.size, self._words
        known = words.users[: words.first_unknown]
        service = range(words.first_service, words.first_leaver)
        yield _facts(
            "users",
            name=known,
            kind=["service" if n in service else "person" for n in range(len(known))],
            active=[n < words.first_leaver for n in range(len(known))],
        )
        yield _facts("groups", name=words.groups)
        users, groups = pa.array(words.users), pa.array(words.groups)
        for batch in plan.rows(queries.group_members(plan)):
            code, team = batch["member"], batch["team"]
            nested = pc.less(code, 0)
            below = pc.if_else(nested, pc.subtract(-1, code), 0)
            member = pc.if_else(nested, groups.take(below), users.take(pc.if_else(nested, 0, code)))
            yield _facts(
                "group_members",
                member_type=pc.if_else(nested, "group", "user"),
                member=member,
                group=groups.take(team),
            )
        progress("groups", size.groups, size.groups)

    def _databases(self) -> Facts:
        names = self._words.databases
        kept = [FAMILIES[family - 1].service for _, family, _, _ in SENSITIVE_DATABASES]
        owners = [*kept, "public", *(["svc_lake_etl"] * (len(names) - len(kept) - 1))]
        return _facts(
            "databases",
            database_id=list(range(1, len(names) + 1)),
            catalog=["hive"] * len(names),
            name=names,
            owner=owners,
            owner_type=["ROLE" if owner == "public" else "USER" for owner in owners],
            location=[f"{WAREHOUSE}/{name}.db" for name in names],
            kind=["NATIVE"] * len(names),
        )

    def _tables(self, plan: LakePlan, views: list[Any]) -> Iterator[Facts]:
        databases, users = pa.array(self._words.databases), self._words.principals
        for batch in plan.rows(queries.tables()):
            number, name = batch["database"], batch["table_name"]
            home = pc.binary_join_element_wise(WAREHOUSE, databases.take(number), "/")
            yield _facts(
                "tables",
                table_id=pc.add(batch["id"], 1),
                database_id=pc.add(number, 1),
                name=name,
                kind=pc.if_else(batch["external"], "EXTERNAL_TABLE", "MANAGED_TABLE"),
                owner=users.take(batch["creator"]),
                owner_type=pa.repeat("USER", batch.num_rows),
                location=pc.binary_join_element_wise(home, name, ".db/"),
                create_time=batch["created"],
            )
        yield _facts(
            "tables",
            table_id=[view.table_id for view in views],
            database_id=[VIEW_DATABASE + 1] * len(views),
            name=[view.name for view in views],
            kind=["VIRTUAL_VIEW"] * len(views),
            owner=[users[view.creator].as_py() for view in views],
            owner_type=["USER"] * len(views),
            create_time=[view.created for view in views],
            view_text=[view.text for view in views],
            view_original_text=[view.original for view in views],
        )

    def _columns(self, plan: LakePlan, views: list[Any]) -> Iterator[Facts]:
        words = self._words.columns.combine_chunks()
        names, types, keys = (words.column(n).chunk(0) for n in range(3))
        for batch in plan.rows(queries.columns()):
            code = batch["code"]
            yield _facts(
                "columns",
                table_id=pc.add(batch["id"], 1),
                name=names.take(code),
                type=types.take(code),
                position=batch["position"],
                partition_key=keys.take(code),
            )
        codes = pa.array([code for view in views for code in view.columns], pa.int64())
        width = len(codes) // len(views)
        yield _facts(
            "columns",
            table_id=[view.table_id for view in views for _ in range(width)],
            name=names.take(codes),
            type=types.take(codes),
            position=[place for _ in views for place in range(width)],
            partition_key=[False] * len(codes),
        )

    def _properties(self, plan: LakePlan) -> Iterator[Facts]:
        """What a crawl keeps: EXTERNAL, and for every fourth table the team it belongs to."""
        for key, query in queries.properties().items():
            for batch in plan.rows(query):
                yield _facts(
                    "table_properties",
                    table_id=pc.add(batch["id"], 1),
                    key=pa.repeat(key, batch.num_rows),
                    value=batch["value"],
                )

    def _role_members(self, plan: LakePlan) -> Iterator[Facts]:
        roles, principals = pa.array(self._words.roles), self._words.principals
        for batch in plan.rows(queries.memberships(plan)):
            yield _facts(
                "role_members",
                member_type=self._type(batch["member"]),
                member=principals.take(batch["member"]),
                role=roles.take(batch["role"]),
                admin_option=batch["option"],
                grantor=pa.repeat("admin", batch.num_rows),
                grantor_type=pa.repeat("ROLE", batch.num_rows),
                create_time=batch["since"],
                source_row=batch["source_row"],
            )

    def _grants(self, plan: LakePlan) -> Iterator[Facts]:
        yield _facts(
            "grants",
            level=["global"],
            principal_type=["ROLE"],
            principal=["admin"],
            privilege=["All"],
            grant_option=[True],
            grantor=["admin"],
            grantor_type=["ROLE"],
            create_time=[LAST_DAY - 6 * YEAR],
            authorizer=["SQL"],
            source_row=[1],
        )
        for batch in plan.rows(queries.database_grants(plan)):
            count = batch.num_rows
            yield _facts(
                "grants",
                level=pa.repeat("database", count),
                object_id=pc.add(batch["database"], 1),
                principal_type=pa.repeat("ROLE", count),
                principal=self._words.principals.take(batch["principal"]),
                privilege=pa.repeat("SELECT", count),
                grant_option=pa.repeat(False, count),
                grantor=pa.repeat("admin", count),
                grantor_type=pa.repeat("ROLE", count),
                create_time=batch["granted"],
                authorizer=pa.repeat("v1", count),
                source_row=pc.add(batch["database"], 1),
            )
        for query in (queries.common_grants(plan), queries.extra_grants(plan)):
            for batch in plan.rows(query):
                yield self._table_grants(batch)

    def _table_grants(self, batch: pa.RecordBatch) -> Facts:
        principals = self._words.principals
        return _facts(
            "grants",
            level=pa.repeat("table", batch.num_rows),
            object_id=pc.add(batch["id"], 1),
            principal_type=self._type(batch["principal"]),
            principal=principals.take(batch["principal"]),
            privilege=PRIVILEGES.take(batch["privilege"]),
            grant_option=batch["grant_option"],
            grantor=principals.take(batch["grantor"]),
            grantor_type=pa.repeat("USER", batch.num_rows),
            create_time=batch["granted"],
            authorizer=batch["authorizer"],
            source_row=batch["source_row"],
        )

    def _type(self, codes: pa.Array) -> pa.Array:
        return pc.if_else(pc.less(codes, self._words.first_role), "USER", "ROLE")


def _facts(kind: str, /, **columns: Any) -> Facts:
    """A batch of a kind from the columns it has; the others are null."""
    schema = SCHEMAS[kind]
    count = len(next(iter(columns.values())))
    arrays = []
    for field in schema:
        values = columns.get(field.name)
        if values is None:
            arrays.append(pa.nulls(count, field.type))
        elif isinstance(values, list):
            arrays.append(pa.array(values, field.type))
        else:
            arrays.append(values if values.type == field.type else values.cast(field.type))
    return Facts(kind, pa.record_batch(arrays, schema=schema))


def _counted(
    progress: Progress, what: str, facts: Iterator[Facts], total: int | None
) -> Iterator[Facts]:
    """The same facts, told to `progress` as they pass."""
    done = 0
    for batch in facts:
        done += batch.batch.num_rows
        progress(what, done, total)
        yield batch
