"""What a finished run has to say, as the renderers and the API read it.

`posture` is a JSON-ready dict; its keys are the published schema in
docs/schemas/audit.schema.json:

lake, run, snapshot (content hash), policies (digest), mode, started_at, finished_at (UTC,
ISO 8601), baseline (bool), complete (bool: nothing in doubt), exit_code, reasons (list of
str: why it is not 0, gravest first),
objects {databases, tables, views, columns, grants, roles, role_members},
people {directory_known, active_people, services, inactive, unknown, opaque_groups},
exposures {total, tables, by_severity {SEVn: n}, by_kind {kind: n}, by_status {status: n}},
classes [{class, tier, description, tables, exposed_tables, people_can, people_should,
          everyone (bool), contract (int|null), notify [str]}], most protected first,
openings [rows of openings.OPENING_SCHEMA, gravest first, at most 50],
mends [what core.first_mends says of the gravest few incidents, the widest opening's first];
absent where the run drafted none (an older version's),
gaps [{scope, object, reason, doubt}], slow_because (str),
skipped (str: why exposures of some kind could not be looked for, or empty).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

Posture = dict[str, Any]


@dataclass(frozen=True)
class RunReport:
    """A run's posture and its rows.

    exposures: yields batches of exposures.SCHEMA, the gravest first (severity, everyone
    before others, object, right, id). gone: the same for what an earlier run had.
    """

    posture: Posture
    exposures: Callable[[], Iterator[pa.RecordBatch]]
    gone: Callable[[], Iterator[pa.RecordBatch]]
