"""Which tables the names in a view may be, and in which dialect it is written."""

from collections.abc import Iterator, Mapping

from app.core.frozen import frozen
from app.core.names import DEFAULT_CATALOG, fold
from app.core.view_text import SourceName

_TRINO = "presto_view"
_SPARK = "spark.sql.create.version"
_NAMESPACES = ("view.catalogAndNamespace.part.1", "view.default.database")

#: The table properties that say where a view comes from.
PROPERTIES = (_TRINO, _SPARK, *_NAMESPACES)


@frozen
class View:
    """A view of the snapshot, and under what its parse is kept."""

    view: int
    catalog: str
    database: str
    namespace: str  # of unqualified names; empty for the view's own database
    key: str


def dialect(properties: Mapping[str, str]) -> str:
    """The dialect of a view with these properties."""
    if fold(properties.get(_TRINO, "")) == "true":
        return "trino"
    return "spark" if properties else "hive"


def candidates(name: SourceName, view: View) -> Iterator[tuple[str, str, str]]:
    """The tables that a name in a view may be, the likeliest first.

    Engines call the catalog as they like (`spark_catalog`, any Trino catalog), and what
    looks like a catalog may be a database before `table.snapshots`.
    """
    if name.catalog:
        yield (name.catalog, name.database, name.table)
        yield (view.catalog, name.database, name.table)
        yield (view.catalog, name.catalog, name.database)
    elif name.database:
        yield (view.catalog, name.database, name.table)
        yield (DEFAULT_CATALOG, name.database, name.table)
        yield (view.catalog, view.namespace or view.database, name.database)
    else:
        yield (view.catalog, view.namespace or view.database, name.table)
        yield (view.catalog, view.database, name.table)


def namespace(properties: Mapping[str, str]) -> str:
    """The database of a view's unqualified names, where its properties say one."""
    return next((fold(properties[key]) for key in _NAMESPACES if properties.get(key)), "")
