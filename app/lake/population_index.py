"""The people of a snapshot, kept beside it: built once, read in part by every question.

A file of the index like the others: it is made anew from the snapshot when it is missing,
damaged or of an older form. Nothing is lost where it cannot be written.
"""

import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.reach import PopulationReach, build_reach
from app.core.snapshots import Snapshot
from app.lake.manifest import INDEX

if TYPE_CHECKING:
    import pyarrow as pa

#: Of the file's form and of what `build_reach` means: raised when either changes.
VERSION = 2

#: Fewer rows of people and memberships are read as fast as this file.
WORTH = 20_000

_PEOPLE = ("users", "group_members", "role_members")
_SUM_BYTES = 4


def kept_reach(
    snapshot: Snapshot,
    *,
    engine_groups: str | None,
    everyone_at: float,
    worth: int = WORTH,
) -> PopulationReach:
    """What `core.reach.build_reach` gives, from its file where the lake is worth one."""
    if sum(snapshot.mapped(name).num_rows for name in _PEOPLE) < worth:
        return build_reach(snapshot, engine_groups=engine_groups, everyone_at=everyone_at)
    path = population_file(snapshot.path, engine_groups)
    mark = f"{VERSION} {snapshot.content_hash} {engine_groups}".encode()
    table = _read(path, mark)
    if table is not None:
        from app.core.reach_table import reach_of_table

        return reach_of_table(table, snapshot, engine_groups=engine_groups, everyone_at=everyone_at)
    built = build_reach(snapshot, engine_groups=engine_groups, everyone_at=everyone_at)
    with suppress(OSError):  # it may stand where nothing can be written
        _write(path, mark, built)
    return built


def population_file(snapshot: Path, engine_groups: str | None) -> Path:
    """Where a snapshot's people are kept, as an engine with these groups sees them."""
    return snapshot / INDEX / f"population-{engine_groups or 'unsaid'}.arrow"


def _read(path: Path, mark: bytes) -> "pa.Table | None":
    """The table, if all of it is as it was written, and of this snapshot."""
    import pyarrow as pa
    import pyarrow.ipc

    try:
        with pa.memory_map(str(path)) as file:
            whole = file.read_buffer()
        content = whole.slice(0, max(0, whole.size - _SUM_BYTES))
        written = memoryview(whole)[content.size :]
        if zlib.crc32(content) != int.from_bytes(written, "big"):
            return None
        table = pa.ipc.open_file(content).read_all()
    except (OSError, pa.ArrowException):
        return None
    return table if (table.schema.metadata or {}).get(b"of") == mark else None


def _write(path: Path, mark: bytes, reach: PopulationReach) -> None:
    """Replace the file; whoever has the old one mapped keeps what he sees."""
    import pyarrow as pa
    import pyarrow.ipc

    from app.core.reach_table import reach_as_table

    table = reach_as_table(reach)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"of": mark})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content = sink.getvalue()
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.write(zlib.crc32(content).to_bytes(_SUM_BYTES, "big"))
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
