"""Throw-away data folders over a stored lake, so that nothing measured stays."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import REPOSITORY
from benchmarks.stored_lakes import LAKE, StoredLake

VIEW_PARSES = "view-parses.parquet"


@dataclass(frozen=True, slots=True)
class Scratch:
    """A data folder with a stored lake's snapshot, linked, and a state of its own."""

    data: Path

    @property
    def config(self) -> Path:
        """Its settings: the lake, and the policies of the repository."""
        return self.data / "lakewarden.toml"

    @property
    def view_parses(self) -> Path:
        """What earlier audits parsed."""
        return self.data / VIEW_PARSES


@contextmanager
def scratch(lake: StoredLake, view_parses: Path | None = None) -> Iterator[Scratch]:
    """A fresh data folder over a lake, removed afterwards.

    view_parses: what an earlier audit parsed, to be taken over.
    """
    data = Path(tempfile.mkdtemp(prefix="lakewarden-benchmark-"))
    try:
        (data / "snapshots").mkdir()
        (data / "snapshots" / LAKE).symlink_to(lake.snapshots, target_is_directory=True)
        if view_parses is not None:
            shutil.copyfile(view_parses, data / VIEW_PARSES)
        made = Scratch(data)
        made.config.write_text(_settings(), encoding="utf-8")
        yield made
    finally:
        shutil.rmtree(data)


def _settings() -> str:
    # Source and directory are never opened: the snapshot stands.
    return (
        'data = "."\n'
        f"policies = {json.dumps(str(REPOSITORY / 'policies'))}\n\n"
        f"[lakes.{LAKE}]\n"
        'source = "metastore+sqlite:///never-opened.sqlite"\n'
        'directory = "csv:never-opened"\n'
        'mode = "sql-standard"\n'
        'groups = "none"\n'
    )
