"""The metastore's answers over Thrift as plain types."""

from collections.abc import Mapping
from typing import Any

from app.core.names import DEFAULT_CATALOG
from app.sources.hive_objects import (
    HiveDatabase,
    HiveGrant,
    HiveTable,
    TableKey,
    catalog_or_default,
    partition_name,
)
from app.sources.thrift_client import database_kind, principal_type

#: HiveObjectType → level of a grant; a column with partition values is a partition's.
_LEVELS = {
    1: "global",
    2: "database",
    3: "table",
    4: "partition",
    5: "column",
    6: "connector",
}


def database(answer: Any) -> HiveDatabase:
    """A Database."""
    return HiveDatabase(
        catalog=catalog_or_default(answer.catalogName),
        name=answer.name or "",
        owner=answer.ownerName,
        owner_type=principal_type(answer.ownerType),
        location=answer.locationUri,
        kind=database_kind(getattr(answer, "type", None)),
        properties=answer.parameters or {},
    )


def table(answer: Any) -> HiveTable:
    """A Table."""
    storage = answer.sd
    made = answer.creationMetadata
    return HiveTable(
        catalog=catalog_or_default(answer.catName),
        database=answer.dbName or "",
        name=answer.tableName or "",
        kind=answer.tableType,
        owner=answer.owner,
        owner_type=principal_type(answer.ownerType),
        location=storage.location if storage else None,
        create_time=answer.createTime,
        view_text=answer.viewExpandedText,
        view_original_text=answer.viewOriginalText,
        columns=_columns(storage.cols if storage else None),
        partition_keys=_columns(answer.partitionKeys),
        properties=answer.parameters or {},
        made_from=tuple(sorted(map(_table_key, made.tablesUsed or ()))) if made else (),
    )


def table_of_meta(answer: Any) -> HiveTable:
    """A TableMeta: the name and kind of a table, and nothing else."""
    return HiveTable(
        catalog_or_default(answer.catName), answer.dbName, answer.tableName, answer.tableType
    )


def member(answer: Any) -> tuple[Any, ...]:
    """A RolePrincipalGrant as a row of `role_members`."""
    return (
        principal_type(answer.principalType),
        answer.principalName,
        answer.roleName,
        bool(answer.grantOption),
        answer.grantorName,
        principal_type(answer.grantorPrincipalType),
        answer.grantTime,
        None,
    )


def grant(answer: Any, keys: Mapping[TableKey, tuple[str, ...]]) -> HiveGrant | None:
    """A HiveObjectPrivilege; `keys` are the partition keys of tables that have some.

    None for a level nobody knows, or a partition of a table nobody knows.
    """
    on, info = answer.hiveObject, answer.grantInfo
    level = _LEVELS.get(on.objectType)
    if level is None:
        return None
    place = (catalog_or_default(on.catName), on.dbName or "", on.objectName or "")
    partition = None
    if level == "partition" or (level == "column" and on.partValues):
        level = "partition" if level == "partition" else "partition_column"
        names, values = keys.get(place, ()), on.partValues or []
        if len(names) != len(values):
            return None
        partition = partition_name(names, values)
    return HiveGrant(
        level=level,
        catalog=place[0],
        database=place[1],
        table=place[2],
        principal_type=principal_type(answer.principalType),
        principal=answer.principalName,
        privilege=info.privilege,
        grant_option=info.grantOption,
        grantor=info.grantor,
        grantor_type=principal_type(info.grantorType),
        create_time=info.createTime,
        authorizer=answer.authorizer,
        column=on.columnName if level.endswith("column") else None,
        partition=partition,
        connector=(on.objectName or on.dbName) if level == "connector" else None,
    )


def in_catalog(catalog: str, pattern: str) -> str:
    """A name or pattern as the calls without a request type take it, `@catalog#name`."""
    return pattern if catalog == DEFAULT_CATALOG else f"@{catalog}#{pattern}"


def _columns(fields: Any) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, each.type) for each in fields or ())


def _table_key(text: str) -> TableKey:
    """`catalog.database.table`, or without the catalog, as creation metadata has it."""
    parts = text.split(".")
    if len(parts) == 2:
        return DEFAULT_CATALOG, parts[0], parts[1]
    return parts[0], parts[1], ".".join(parts[2:])
