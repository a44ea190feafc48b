"""The views of a generated lake, with texts as Hive would have expanded them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from benchmarks.lakes import queries
from benchmarks.lakes.plan import LakePlan
from benchmarks.lakes.size import COLUMNS_PER_TABLE

#: One in so many views has a text that nobody can parse.
UNREADABLE_EVERY = 500
_LOOKED_AT = date(2026, 6, 15)


@dataclass(frozen=True, slots=True)
class View:
    """A view, its texts, and its columns as rows of the column dictionary."""

    table_id: int
    name: str
    creator: int
    created: int
    text: str
    original: str
    columns: tuple[int, ...]


def make_views(plan: LakePlan) -> Iterator[View]:
    """The views of a plan: over shards of a dataset, or over an earlier view."""
    names = plan.words.columns.column("name").to_pylist()
    databases = plan.words.databases
    made: list[tuple[str, int]] = []  # name and layout
    for batch in plan.rows(queries.views()):
        for row in batch.to_pylist():
            name, layout = f"v_{row['source_name']}_{row['v']:05d}", row["layout"]
            if row["below_view"] is None:
                days = (_LOOKED_AT - timedelta(row["days_back"] - k) for k in range(row["width"]))
                database = databases[row["source_database"]]
                sources = [(database, f"{row['source_name']}_{day:%Y%m%d}") for day in days]
            else:
                below, layout = made[row["below_view"]]
                sources = [("reporting", below)]
            made.append((name, layout))
            codes = range(layout * COLUMNS_PER_TABLE, (layout + 1) * COLUMNS_PER_TABLE)
            fields = [names[code] for code in codes]
            text = " UNION ALL ".join(_expanded(*source, fields) for source in sources)
            if row["v"] % UNREADABLE_EVERY == UNREADABLE_EVERY - 1:
                text = text[: len(text) // 3] + " (("
            yield View(
                table_id=row["id"] + 1,
                name=name,
                creator=row["creator"],
                created=row["created"],
                text=text,
                original=" union all ".join(f"select * from {db}.{t}" for db, t in sources),
                columns=tuple(codes),
            )


def _expanded(database: str, table: str, fields: list[str]) -> str:
    shown = ", ".join(f"`{table}`.`{field}`" for field in fields)
    return f"SELECT {shown} FROM `{database}`.`{table}`"
