"""What a report for people picks from the stream of exposures, in one pass over it."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from app.core.exposures import LEAVER
from app.core.run_report import RunReport
from app.report.exposure_fields import Row, exposure_page

#: The statuses that tell what changed since the run before, as they are reported.
CHANGES = ("opened", "grown", "shrunk", "gone", "unknown")


@dataclass
class Picked:
    """How many rows there are of a sort, and the first few of them."""

    most: int
    count: int = 0
    rows: list[Row] = field(default_factory=list)

    def take(self, batch: pa.RecordBatch) -> None:
        """Count a batch and keep its first rows while there is room."""
        self.count += batch.num_rows
        room = self.most - len(self.rows)
        if room > 0 and batch.num_rows:
            self.rows += exposure_page(batch.slice(0, room))

    @property
    def left_out(self) -> int:
        """How many are not among the rows."""
        return self.count - len(self.rows)


@dataclass
class Findings:
    """The rows of each sort that a report names."""

    tables: Picked
    lake: Picked
    leavers: Picked
    unknown_names: Picked
    changes: dict[str, Picked]


def pick(report: RunReport, *, tables: int, others: int, changes: int) -> Findings:
    """Read every exposure once and keep at most so many of each sort, the gravest first."""
    found = Findings(
        Picked(tables),
        Picked(others),
        Picked(others),
        Picked(others),
        {status: Picked(changes) for status in CHANGES},
    )
    for batch in report.exposures():
        _sort(batch, found)
    for batch in report.gone():
        found.changes["gone"].take(batch)
    return found


def _sort(batch: pa.RecordBatch, found: Findings) -> None:
    of_table = pc.equal(batch.column("scope"), "table")
    found.tables.take(batch.filter(of_table))
    if pc.any(pc.invert(of_table)).as_py():
        _sort_others(batch.filter(pc.invert(of_table)), found)
    for status, picked in found.changes.items():
        if status != "gone":
            picked.take(batch.filter(pc.equal(batch.column("status"), status)))


def _sort_others(batch: pa.RecordBatch, found: Findings) -> None:
    of_lake = pc.equal(batch.column("scope"), "lake")
    found.lake.take(batch.filter(of_lake))
    principals = batch.filter(pc.invert(of_lake))
    left = pc.equal(principals.column("kind"), LEAVER)
    found.leavers.take(principals.filter(left))
    found.unknown_names.take(principals.filter(pc.invert(left)))
