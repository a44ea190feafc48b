"""The live doors against asking about one object at a time."""

from benchmarks.figures import Bar, Figure, Measured, Table, seconds
from benchmarks.process import run_step
from benchmarks.setting import Setting

TITLE = "Crawls through HiveServer2 and the metastore's Thrift service"

_SHOW_GRANT = "`SHOW GRANT` for each table"
#: Door → what it is, what it stands against, and how many times as fast it must be.
_DOORS = {
    "mirror": ("`hive://` by the mirror", _SHOW_GRANT, 100.0),
    "sys": ("`hive://` by `sys`", _SHOW_GRANT, 100.0),
    "statements": ("`hive://` by statements", _SHOW_GRANT, 100.0),
    "thrift": ("`thrift://`", "`get_table` for each table", 10.0),
}


def measure(setting: Setting) -> Measured:
    """`benchmarks.doors` in a process of its own, which takes turns by itself."""
    found = run_step("doors", setting.runs).said
    taken = [found[what][door] for door in _DOORS for what in ("doors", "singly")]
    rows = [
        (str(turn + 1), *map(seconds, each)) for turn, each in enumerate(zip(*taken, strict=True))
    ]
    return Measured(
        TITLE,
        tuple(
            Figure(
                f"Crawl of {found['tables']:,} tables over {shown}",
                seconds(found["median"]["doors"][door]),
                f"{seconds(found['median']['singly'][door])} ({singly}, scaled)",
                found["ratio"][door],
                Bar(bar, at_least=True),
            )
            for door, (shown, singly, bar) in _DOORS.items()
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
                (
                    "Round",
                    *(
                        name
                        for shown, singly, _ in _DOORS.values()
                        for name in (shown, singly.partition(" for")[0])
                    ),
                ),
                rows,
            ),
        ),
    )
