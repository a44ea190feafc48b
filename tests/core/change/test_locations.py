"""A table laid over another table's files is found, however the folder is written."""

from typing import Any, cast

import pyarrow as pa
import pytest

from app.core.change.locations import table_beside
from app.core.snapshots import Snapshot

LOCATIONS = ["hdfs://nn/w/hr.db/pay", None, "s3a://lake/w/sales.db/orders/", "file:/w/a%20b"]


class Located:
    """As much of a snapshot as is asked for."""

    def mapped(self, name: str) -> pa.Table:
        assert name == "tables"
        return pa.table({"location": pa.array(LOCATIONS, pa.string())})


@pytest.mark.parametrize(
    ("location", "table"),
    [
        ("hdfs://nn/w/hr.db/pay", 0),
        ("hdfs://other:8020/w/hr.db/pay/", 0),
        ("/w/hr.db/pay/day=1", 0),
        ("/w//hr.db/x/../pay", 0),
        ("/w/hr.db", 0),
        ("s3://lake/w/sales.db/orders", 2),
        ("s3a://lake/w/sales.db/orders2", None),
        ("s3a://lake/w/sales.db/order", None),
        ("/w/a%20b/c", 3),
        ("/elsewhere", None),
        ("/", 0),
    ],
)
def test_whose_files_they_are(location: str, table: int | None) -> None:
    assert table_beside(cast(Snapshot, cast(Any, Located())), location) == table
