"""The crawl of a real PostgreSQL against COPY of the same columns."""

from benchmarks.figures import Bar, Figure, Measured, Table, number, seconds
from benchmarks.process import run_step
from benchmarks.setting import Setting

TITLE = "The crawl of a metastore in PostgreSQL"
TABLES, GRANTS = 100_000, 1_000_000


def measure(setting: Setting) -> Measured:
    """`benchmarks.crawl` in a process of its own, which takes turns by itself."""
    found = run_step("crawl_postgresql", TABLES, GRANTS, setting.runs).said
    ours, against, ratio = found["crawl_seconds"], found["copy_seconds"], found["ratio"]
    rows = [
        (str(turn + 1), seconds(crawl), seconds(copy), f"{number(crawl / copy)}×")
        for turn, (crawl, copy) in enumerate(zip(found["crawls"], found["copies"], strict=True))
    ]
    return Measured(
        TITLE,
        (
            Figure(
                f"Crawl of {TABLES:,} tables and {GRANTS:,} grants",
                seconds(ours),
                f"{seconds(against)} (`COPY` of the same columns to files)",
                ratio,
                Bar(2),
            ),
        ),
        (
            "**Crawl:** from connecting to the finished snapshot: one read-only transaction, "
            f"every kind of object that the audit reads ({found['columns']:,} columns among "
            "them), sorted, written as Parquet with its index and hashed. The metastore is Hive "
            "4.0's schema in a throw-away PostgreSQL on this machine, made by SQL and vacuumed. "
            f"The crawling process had at most {number(found['peak_mb'])} MB.",
            "**Against:** the same server's `COPY … TO` of the same columns to files on its own "
            "disk, table by table, without joins.",
        ),
        (Table("Every round", ("Round", "Crawl", "COPY", "Ratio"), rows),),
    )
