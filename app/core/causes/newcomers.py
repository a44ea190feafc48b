"""Who gets something wrongly that he did not get in the run before, also one for another.

Counts alone do not tell it: where one person goes and another comes, they are the same.
"""

from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa
from pyroaring import BitMap, FrozenBitMap

from app.core.engine import Engine
from app.core.exposure_rows import move_bits, moved_bits
from app.core.exposures import Verdict


def find_newcomers(
    engine: Engine, verdicts: Sequence[Verdict], subjects: pa.Table
) -> dict[int, FrozenBitMap]:
    """Verdict → who is newly wrong in one of its exposures that the run before had as well.

    Call when the engine holds `exposures` compared with an earlier run. Only verdicts whose
    reach took somebody in are looked at. subjects: this run's population (bit, subject).
    """
    pairs = engine.query(
        "SELECT p.verdict, p.earlier, e.violators FROM pair_statuses p "
        "JOIN earlier_verdicts e ON e.verdict = p.earlier WHERE p.status = 'grown' ORDER BY ALL"
    )
    found: dict[int, BitMap] = defaultdict(BitMap)
    if not pairs.num_rows:
        return {}
    moved = moved_bits(engine, subjects)
    for number, violators in zip(
        pairs["verdict"].to_pylist(), pairs["violators"].to_pylist(), strict=True
    ):
        now = FrozenBitMap.deserialize(verdicts[number].violators)
        found[number] |= now - move_bits(BitMap.deserialize(violators), moved)
    return {number: FrozenBitMap(bits) for number, bits in found.items() if bits}


def new_exposures(engine: Engine) -> dict[str, int]:
    """Incident → how many of its exposures the run before did not have at all."""
    rows = engine.query(
        "SELECT p.incident, count(*) AS n FROM incident_exposures p "
        "JOIN exposures e ON e.id = p.exposure WHERE e.status = 'opened' GROUP BY 1 ORDER BY 1"
    )
    return dict(zip(rows["incident"].to_pylist(), rows["n"].to_pylist(), strict=True))
