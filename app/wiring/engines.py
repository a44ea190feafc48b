"""The embedded engine, and the view texts parsed by it before."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.engine import Engine
    from app.core.view_text import ViewParses


def new_engine(spill: Path | None = None) -> "Engine":
    """A fresh embedded engine in bounded memory; spill: where what it cannot hold goes."""
    from app.lake.engine_duckdb import DuckDbEngine

    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    return DuckDbEngine(spill=spill)


def view_parses(data: Path | None) -> "ViewParses":
    """Where parsed view texts are kept between runs; in memory without a data folder."""
    from app.core.view_text import MemoryViewParses
    from app.lake.view_parse_cache import ViewParseFile

    return MemoryViewParses() if data is None else ViewParseFile(data / "view-parses.parquet")
