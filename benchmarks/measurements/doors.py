"""The live doors against asking about one object at a time."""

from benchmarks.figures import Bar, Figure, Measured, Table, seconds
from benchmarks.process import run_step
from benchmarks.setting import Setting

TITLE = "Crawls through HiveServer2 and the metastore's Thrift service"

_SINGLY = {"hive": "`SHOW GRANT` for each table", "thrift": "`get_table` for each table"}
_BARS = {"hive": 100.0, "thrift": 10.0}


def measure(setting: Setting) -> Measured:
    """`benchmarks.doors` in a process of its own, which takes turns by itself."""
    found = run_step("doors", setting.runs).said
    rows = [
        (str(turn + 1), *(seconds(each) for each in taken))
        for turn, taken in enumerate(
            zip(
                found["doors"]["hive"],
                found["singly"]["hive"],
                found["doors"]["thrift"],
                found["singly"]["thrift"],
                strict=True,
            )
        )
    ]
    return Measured(
        TITLE,
        tuple(
            Figure(
                f"Crawl of {found['tables']:,} tables over `{door}://`",
                seconds(found["median"]["doors"][door]),
                f"{seconds(found['median']['singly'][door])} ({_SINGLY[door]}, scaled)",
                found["ratio"][door],
                Bar(_BARS[door], at_least=True),
            )
            for door in ("hive", "thrift")
        ),
        (
            "**Crawl:** all facts, from connecting to the last one; no snapshot is written. A real "
            "HiveServer2 and a real metastore on PostgreSQL, on the same machine, warm.",
            f"**Against:** {found['sample']} objects asked about one after another over one open "
            "connection, the time scaled to all tables. It tells grants alone (`SHOW GRANT`) or "
            "tables alone (`get_table`).",
        ),
        (
            Table(
                "Every round",
                ("Round", "hive://", "SHOW GRANT", "thrift://", "get_table"),
                rows,
            ),
        ),
    )
