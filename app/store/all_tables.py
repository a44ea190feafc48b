"""The whole of the schema: importing this makes every table known to `metadata`."""

from app.store import delivery_tables, incident_tables
from app.store.tables import metadata

__all__ = ["delivery_tables", "incident_tables", "metadata"]
