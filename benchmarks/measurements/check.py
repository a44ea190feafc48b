"""Checks of changes on lake L: a thousand statements, and one, cold; beside sqlfluff and OPA."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Bar, Figure, Measured, Table, seconds, spread
from benchmarks.process import LAKEWARDEN, Finished, run_command, run_step
from benchmarks.rounds import alternate, median, say
from benchmarks.scratch import Scratch, scratch
from benchmarks.setting import Setting

TITLE = "Checks of changes"
STATEMENTS = 1_000
_OURS, _COLD, _SQLFLUFF = "check, snapshot open", "lakewarden check", "sqlfluff parse"
_WHOLE, _OPA = f"lakewarden check, {STATEMENTS:,}", "opa eval"
_REGO = Path(__file__).resolve().parent.parent / "rego" / "grants.rego"


def measure(setting: Setting) -> Measured:
    """Check, check one cold, and parse with sqlfluff, in turn."""
    with scratch(setting.lake) as data:
        say("  random statements")
        drawn = run_step("random_statements", setting.lake.snapshot, STATEMENTS, data.data).said
        change, singles = drawn["change"], iter(drawn["singles"] * setting.runs)
        _cold(data, next(singles))  # the first one keeps the lake's people beside the snapshot
        sides: dict[str, Callable[[], Finished]] = {
            _OURS: lambda: run_step("check", data.config, change),
            _COLD: lambda: _cold(data, next(singles)),
            _SQLFLUFF: lambda: run_step("sqlfluff_parse", change),
        }
        if opa := shutil.which("opa"):
            grants = data.data / "grants.json"
            run_step("grants_as_json", change, grants)
            sides[_WHOLE] = lambda: _cold(data, change)
            sides[_OPA] = lambda: run_command(
                [opa, "eval", "--data", _REGO, "--input", grants, "data.grants.deny"]
            )
        taken = alternate(sides, setting.runs)
    said = taken[_OURS][0].said
    if said["statements"] != STATEMENTS or not said["judged"]:
        raise RuntimeError(f"not all statements were judged: {said}")
    times = {
        _OURS: [each.said["seconds"] for each in taken[_OURS]],
        _COLD: [each.seconds for each in taken[_COLD]],
        _SQLFLUFF: [each.said["seconds"] for each in taken[_SQLFLUFF]],
        **{
            name: [each.seconds for each in taken[name]] for name in (_WHOLE, _OPA) if name in taken
        },
    }
    ours, cold, theirs = (median(times[name]) for name in (_OURS, _COLD, _SQLFLUFF))
    unparsable = taken[_SQLFLUFF][0].said["unparsable"]
    rows = [
        (
            name,
            str(len(found)),
            seconds(median(found)),
            spread(found),
            seconds(median([each.cpu_seconds for each in taken[name]])),
        )
        for name, found in times.items()
    ]
    return Measured(
        TITLE,
        (
            Figure(f"{STATEMENTS:,} statements on L", seconds(ours), "", ours, Bar(1, " s")),
            Figure(
                "One statement on L, cold, the whole process",
                seconds(cold),
                "",
                cold,
                Bar(0.5, " s"),
            ),
            Figure(
                f"{STATEMENTS:,} statements, read, applied and judged",
                seconds(ours),
                f"{seconds(theirs)} (sqlfluff's parse alone)",
                ours / theirs,
                Bar(1),
            ),
            *_beside_opa(times),
        ),
        (
            f"**{STATEMENTS:,} statements:** random grants, and revokes of rows that are there, "
            f"on random tables of L. From the file's bytes to the report, {said['findings']:,} "
            "findings, in a fresh process that has the snapshot open and the policies read; "
            "nobody's access was asked for before.",
            "**One statement:** `lakewarden check` of another file with one grant each time, "
            "from before the process starts to after it ended. Modules are compiled, as where "
            "they are installed, and files are in the page cache.",
            "**sqlfluff:** `Linter.parse_string` with its Hive dialect on the same file, loaded "
            f"before; it leaves {unparsable:,} pieces unparsed. It knows no lake and says "
            "nothing of access.",
            "**OPA:** `opa eval` of `benchmarks/rego/grants.rego` on the same statements as JSON, "
            "the whole process, against the whole `lakewarden check` of them. It sees names, and "
            "neither roles nor what anybody can do; writing the JSON is not timed."
            if _OPA in times
            else "**OPA** was not there to be measured: there is no `opa` on the path.",
        ),
        (Table("Every side", ("", "Runs", "Median", "Least to most", "CPU time"), rows),),
    )


def _beside_opa(times: dict[str, list[float]]) -> tuple[Figure, ...]:
    if _OPA not in times:
        return ()
    ours, theirs = median(times[_WHOLE]), median(times[_OPA])
    what = f"{STATEMENTS:,} statements, the whole process"
    against = f"{seconds(theirs)} (`{_OPA}` on the same grants as JSON)"
    return (Figure(what, seconds(ours), against, ours / theirs),)


def _cold(data: Scratch, file: str) -> Finished:
    command: list[str | Path] = [LAKEWARDEN, "check", file, "--config", data.config]
    # A finding is an answer too.
    return run_command(
        [*command, "--max-age", "none"],
        folder=data.data,
        environment=_with_bytecode(data.data / "bytecode"),
        good=(0, 1),
    )


def _with_bytecode(folder: Path) -> dict[str, str]:
    """As where it is installed: no module is compiled anew, whatever this shell says."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder)}
