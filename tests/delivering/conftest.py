"""The store's databases, for rounds of a worker."""

from tests.store.conftest import (
    database,
    kind,
    prepared_file,
    prepared_server_url,
    state_url,
)

__all__ = ["database", "kind", "prepared_file", "prepared_server_url", "state_url"]
