"""The whole of the schema: importing this makes every table known to `metadata`."""

from app.store import incident_tables
from app.store.tables import metadata

__all__ = ["incident_tables", "metadata"]
