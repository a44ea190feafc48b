"""One database as HiveServer2 describes it."""

from app.core.names import DEFAULT_CATALOG
from app.sources.hive_objects import HiveDatabase
from app.sources.hive_session import HiveSession, StatementError
from app.sources.hive_text import map_of, quoted


def describe_database(session: HiveSession, name: str) -> HiveDatabase | str:
    """Its owner, location and properties; or why they are not told."""
    try:
        rows = session.named_rows(f"DESCRIBE DATABASE EXTENDED {quoted(name)}")
    except StatementError as problem:
        return f"it cannot be described: {problem}"
    row = rows[0] if rows else {}
    return HiveDatabase(
        catalog=DEFAULT_CATALOG,
        name=name,
        owner=row.get("owner_name") or None,
        owner_type=row.get("owner_type") or None,
        location=row.get("location") or None,
        kind="REMOTE" if row.get("remote_dbname") else "NATIVE",
        properties=map_of(row.get("parameters") or ""),
    )
