"""Removing old records of alerts, batch after batch."""

from dataclasses import fields
from datetime import timedelta

from app.settings import RetentionSettings
from app.store.alert_retention import Pruned, prune_alerts
from app.store.database import Database, session_scope
from app.store.leases import database_now


def prune_old_alerts(database: Database, retention: RetentionSettings) -> Pruned:
    """Remove what is older than `keep_days` and not among the newest `keep_deliveries`."""
    total = Pruned()
    while True:
        with session_scope(database) as session:
            before = database_now(session) - timedelta(days=retention.keep_days)
            gone = prune_alerts(session, before, retention.keep_deliveries)
        for each in fields(Pruned):
            setattr(total, each.name, getattr(total, each.name) + getattr(gone, each.name))
        if not gone.total:
            return total
