"""What a run concluded: a folder of Parquet files beside its snapshots, written once."""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from app.core.engine import Engine
from app.core.errors import NotFoundError
from app.core.exposures import SCHEMA, VERDICT_SCHEMA
from app.core.openings import OPENING_SCHEMA
from app.core.run_report import Posture, RunReport
from app.core.sql_text import literal
from app.lake.exposure_pages import Condition, Value, count_sql, page_sql

#: The order of exposures everywhere: the gravest and widest first, then by name.
EXPOSURE_ORDER = 'severity, everyone DESC, scope DESC, object, "right", id'

#: The classes of tables, by number, in a run's folder.
CLASSES = "classes.parquet"

_UNFINISHED = ".unfinished"


def results_folder(data: Path, lake: str) -> Path:
    """Where the results of a lake's runs stand."""
    return data / "results" / lake


def spill_folder(data: Path, lake: str) -> Path:
    """Where an audit's engine puts what memory cannot hold; emptied by the next audit."""
    return data / "spill" / lake


def begin_results(data: Path, lake: str, run: str) -> Path:
    """A folder to write a run's results into; nobody reads it before `finish_results`."""
    folder = results_folder(data, lake) / (run + _UNFINISHED)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def write_results(engine: Engine, folder: Path, openings: pa.Table, subjects: pa.Table) -> None:
    """Write what the engine holds of a run: exposures, gone, verdicts, classes and the rest."""
    exposures = ", ".join(f'"{name}"' for name in SCHEMA.names)
    verdicts = ", ".join(f'"{name}"' for name in VERDICT_SCHEMA.names)
    engine.write_parquet(
        f"SELECT {exposures} FROM exposures ORDER BY {EXPOSURE_ORDER}", folder / "exposures.parquet"
    )
    engine.write_parquet(
        f"SELECT {exposures} FROM gone ORDER BY {EXPOSURE_ORDER}", folder / "gone.parquet"
    )
    engine.write_parquet(
        f"SELECT {verdicts} FROM verdicts ORDER BY verdict", folder / "verdicts.parquet"
    )
    engine.write_parquet("SELECT * FROM table_classes ORDER BY ALL", folder / CLASSES)
    pq.write_table(openings, folder / "openings.parquet", compression="zstd")
    pq.write_table(subjects, folder / "population.parquet", compression="zstd")


def finish_results(folder: Path, posture: Posture) -> Path:
    """Make a run's results whole and give them their name. Atomic."""
    target = folder.with_name(folder.name.removesuffix(_UNFINISHED))
    with (folder / "posture.json").open("w", encoding="utf-8") as file:
        json.dump(posture, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    folder.rename(target)
    return target


def sweep_results(data: Path, lake: str, keep: Collection[str]) -> None:
    """Remove what a killed audit left: results never recorded as whole, the engine's spill.

    Call while holding the lake, with the ids of every run the store knows as whole.
    """
    folder = results_folder(data, lake)
    for found in sorted(folder.iterdir()) if folder.is_dir() else ():
        if found.name not in keep:
            shutil.rmtree(found, ignore_errors=True)
    shutil.rmtree(spill_folder(data, lake), ignore_errors=True)


class RunResults:
    """The results of one whole run, read as they are asked for."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "posture.json").is_file():
            raise NotFoundError(
                f"The results {folder.name} are not there", mend="They may have been pruned"
            )
        self.folder = folder

    def posture(self) -> Posture:
        """The run's posture."""
        posture: Posture = json.loads((self.folder / "posture.json").read_text("utf-8"))
        return posture

    def parquet(self, name: str) -> Path:
        """One of exposures, gone, verdicts, classes, openings, population."""
        return self.folder / f"{name}.parquet"

    def batches(self, name: str) -> Iterator[pa.RecordBatch]:
        """The rows of exposures or gone in their order."""
        with pq.ParquetFile(self.parquet(name)) as file:
            for batch in file.iter_batches(batch_size=8192):
                yield _in_schema(batch)

    def openings(self) -> pa.Table:
        """All openings, the gravest first."""
        return pq.read_table(self.parquet("openings")).cast(OPENING_SCHEMA)

    def page(
        self,
        new_engine: Callable[[], Engine],
        conditions: Sequence[Condition],
        sort: Sequence[tuple[str, bool]],
        after: Sequence[Value] | None,
        limit: int | None,
    ) -> Iterator[pa.RecordBatch]:
        """Exposures that meet some conditions, in an order, after a row (exposure_pages)."""
        relation = f"read_parquet({literal(str(self.parquet('exposures')))})"
        engine = new_engine()
        try:
            rows = engine.query(page_sql(relation, conditions, sort, after, limit))
        finally:
            engine.close()
        yield from (_in_schema(batch) for batch in rows.to_batches())

    def count(self, new_engine: Callable[[], Engine], conditions: Sequence[Condition]) -> int:
        """How many exposures meet some conditions."""
        relation = f"read_parquet({literal(str(self.parquet('exposures')))})"
        engine = new_engine()
        try:
            found: int = engine.query(count_sql(relation, conditions))["n"][0].as_py()
            return found
        finally:
            engine.close()

    def select_exposures(
        self,
        new_engine: Callable[[], Engine],
        wanted: Mapping[str, Collection[str]],
        *,
        name_part: str | None,
        people: str | None,
        limit: int,
    ) -> tuple[list[dict[str, Any]], int]:
        """Exposures by column values, as dicts in their order, and how many there are.

        Those that the run found gone are among them where their status or an id is wanted.
        wanted: column → values, one of which it must have (a list column: any of them).
        name_part: what the object's name must hold. people: `person` or `service`.
        """
        wheres = ["true"]
        for column, values in wanted.items():
            if values:
                listed = ", ".join(literal(value) for value in values)
                is_list = pa.types.is_list(SCHEMA.field(column).type)
                wheres.append(
                    f"list_has_any({column}, [{listed}])" if is_list else f"{column} IN ({listed})"
                )
        if name_part:
            wheres.append(f"contains(object, {literal(name_part)})")
        if people:
            wheres.append("people > 0" if people == "person" else "services > 0")
        files = ["exposures"]
        if "gone" in wanted.get("status", ()) or wanted.get("id"):
            files.append("gone")
        paths = ", ".join(literal(str(self.parquet(name))) for name in files)
        relation = f"read_parquet([{paths}])"
        where = " AND ".join(wheres)
        engine = new_engine()
        try:
            total: int = engine.query(f"SELECT count(*) AS n FROM {relation} WHERE {where}")["n"][
                0
            ].as_py()
            rows: list[dict[str, Any]] = engine.query(
                f"SELECT * FROM {relation} WHERE {where} ORDER BY {EXPOSURE_ORDER} LIMIT {limit}"
            ).to_pylist()
            return rows, total
        finally:
            engine.close()

    def report(self) -> RunReport:
        """The whole run for a renderer."""
        return RunReport(
            self.posture(), lambda: self.batches("exposures"), lambda: self.batches("gone")
        )


def _in_schema(batch: pa.RecordBatch) -> pa.RecordBatch:
    table: Any = pa.Table.from_batches([batch]).cast(SCHEMA)
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], SCHEMA)
