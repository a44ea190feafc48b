"""From a GRANT typed into a real Hive to the recorded exposure."""

from benchmarks.figures import Bar, Figure, Measured, Table, seconds
from benchmarks.process import run_step
from benchmarks.setting import Setting

TITLE = "The watch, from GRANT to recorded exposure"


def measure(setting: Setting) -> Measured:
    """`benchmarks.watch` in a process of its own."""
    found = run_step("watch", setting.runs).said
    rows = [
        (str(turn + 1), seconds(typed), seconds(answered), seconds(alerted))
        for turn, (typed, answered, alerted) in enumerate(
            zip(found["from_typing"], found["from_answer"], found["to_webhook"], strict=True)
        )
    ]
    return Measured(
        TITLE,
        (
            Figure(
                f"`GRANT … TO ROLE public`, {found['sensitive']:,} sensitive tables of "
                f"{found['tables']:,}",
                seconds(found["median"]),
                "",
                found["median"],
                Bar(3, " s"),
            ),
            Figure(
                "The same, to a signed webhook received on loopback",
                seconds(found["median_to_webhook"]),
                "",
                found["median_to_webhook"],
                Bar(5, " s"),
            ),
        ),
        (
            "**Watch:** `lakewarden audit --watch` over the metastore's database "
            "(PostgreSQL) of a real HiveServer2 on the same machine. Counted from sending the "
            "statement to Hive to the line that says the run is on record; the process was "
            "started before. The webhook is sent by a `lakewarden worker`, without a wait for "
            "others of its group.",
        ),
        (
            Table(
                "Every round",
                ("Round", "Since typed", "Since Hive's answer", "Typed to webhook"),
                rows,
            ),
        ),
    )
