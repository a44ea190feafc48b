"""What every format implements: a run's report in, pieces of bytes out, in order.

Nothing here prints, reads a clock or asks the environment; a renderer never holds more
than a few thousand rows, so that a million exposures cost no memory.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from app.core.run_report import RunReport


@dataclass(frozen=True, slots=True)
class Look:
    """What only the formats for people heed."""

    colour: bool = False
    width: int = 100
    settings: str = ""  # what a command of Lakewarden needs to find this lake: ` --config F`


@dataclass(frozen=True, slots=True)
class Renderer:
    """One format.

    stream: the whole report. rows: exposures alone, for exports, where the format has it.
    """

    media_type: str
    stream: Callable[[RunReport, Look], Iterator[bytes]]
    rows: Callable[[Iterable[pa.RecordBatch]], Iterator[bytes]] | None = None
