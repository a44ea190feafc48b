"""Builds and writes a snapshot's tables while the crawl still brings facts."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from app.core.facts import Facts
from app.lake.fact_store import FactStore
from app.lake.question_index import make_index_folders, write_index
from app.lake.snapshot_files import write_parquet
from app.lake.snapshot_tables import (
    OBJECT_KINDS,
    PARTS,
    LakeObjects,
    Tables,
    build_objects,
    build_rest,
)

#: Table → its entry in the manifest.
Entries = dict[str, dict[str, Any]]


class SnapshotAssembly:
    """Takes facts in any order and leaves the files of a snapshot in a folder.

    A part is begun in another thread when its source says that the last of its facts has
    come; what no source says that of is begun at the end.
    """

    def __init__(self, folder: Path) -> None:
        make_index_folders(folder)
        self._folder = folder
        self._threads = ThreadPoolExecutor(2)
        self._index_threads = ThreadPoolExecutor(1)
        self._indexed: list[Future[None]] = []
        self._store = FactStore()
        self._objects: Future[tuple[LakeObjects, Entries]] | None = None
        self._parts: dict[str, Future[Entries]] = {}

    def __enter__(self) -> "SnapshotAssembly":
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for whatever is being written; what has not begun is given up."""
        for threads in (self._threads, self._index_threads):
            threads.shutdown(cancel_futures=True)

    def add(self, facts: Facts) -> None:
        """Keep a batch, and begin what need not wait any longer."""
        self._store.add(facts)
        if facts.last and self._store.is_complete(*OBJECT_KINDS):
            self._begin(self._store.is_complete)

    def finish(self) -> Entries:
        """Build and write what is left; the entries of all tables, sorted by name.

        Raises OSError when the disk refuses.
        """
        objects, entries = self._begin(lambda kind: True).result()
        for part in self._parts.values():
            entries |= part.result()
        entries |= self._write(build_rest(self._store, objects), objects)
        for written in self._indexed:
            written.result()
        return dict(sorted(entries.items()))

    def _begin(self, is_complete: Callable[[str], bool]) -> Future[tuple[LakeObjects, Entries]]:
        """Begin the objects, and every part not begun whose facts are complete."""
        if self._objects is None:
            self._objects = self._threads.submit(self._build_objects)
        for kind in PARTS:
            if kind not in self._parts and is_complete(kind):
                self._parts[kind] = self._threads.submit(self._build_part, kind, self._objects)
        return self._objects

    def _build_objects(self) -> tuple[LakeObjects, Entries]:
        objects, tables = build_objects(self._store)
        return objects, self._write(tables, objects)

    def _build_part(self, kind: str, objects: Future[tuple[LakeObjects, Entries]]) -> Entries:
        return self._write(PARTS[kind](self._store, objects.result()[0]), objects.result()[0])

    def _write(self, tables: Tables, objects: LakeObjects) -> Entries:
        entries: Entries = {}
        for name in list(tables):
            table = tables.pop(name).combine_chunks()
            self._indexed.append(
                self._index_threads.submit(
                    write_index,
                    self._folder,
                    name,
                    table,
                    databases=objects.database_count,
                    tables=objects.table_count,
                )
            )
            entries[name] = write_parquet(self._folder / f"{name}.parquet", table)
        return entries
