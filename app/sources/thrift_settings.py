"""What a metastore says of its own configuration; HiveServer2's may differ."""

from contextlib import suppress

from app.core.rights.asked import (
    METASTORE,
    METASTORE_NAMELESS,
    METASTORE_SETTINGS,
)
from app.sources.thrift_client import MissingCallError, RefusedError, ThriftClient

_UNSET = ""


def metastore_settings(client: ThriftClient, *, nameless: bool) -> dict[str, str]:
    """Its settings as `metastore.NAME`; a setting it keeps to itself is left out.

    nameless: whether it was reached without proving a name, which is said too. Raises
    SourceError when the metastore cannot be reached.
    """
    found = {METASTORE_NAMELESS: "true"} if nameless else {}
    for name in METASTORE_SETTINGS:
        with suppress(MissingCallError, RefusedError):
            value = client.call("get_config_value", name, _UNSET)
            if value:
                found[METASTORE + name] = value
    if nameless and len(found) == 1:
        client.call("get_all_databases")  # nothing was answered yet: is there anybody?
    return found
