"""The audit of lake L against its floor, against a tenth of L, and its memory."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from app import wiring
from benchmarks.figures import Bar, Figure, Measured, Table, number, seconds, spread
from benchmarks.process import Finished, run_step
from benchmarks.rounds import alternate, median, say
from benchmarks.scratch import Scratch, scratch
from benchmarks.setting import Setting

TITLE = "The audit of lake L"

#: Times an audit with nothing parsed is run; its own line, and not judged.
_PARSES = 3

_FLOOR, _WHOLE, _TENTH = "floor", "audit", "audit of L/10"
_UNPARSED, _PARSED = "first audit, no view parsed", "first audit, views parsed"


def measure(setting: Setting) -> Measured:
    """Floor, audit, audit of a tenth, in turn; and what parsing the views costs."""
    with ExitStack() as opened:
        whole = opened.enter_context(scratch(setting.lake))
        tenth = opened.enter_context(scratch(setting.tenth))
        say("  first audits")
        run_step("audit", whole.config)
        run_step("audit", tenth.config)
        taken = alternate(
            {
                _FLOOR: lambda: floor(setting),
                _WHOLE: lambda: run_step("audit", whole.config),
                _TENTH: lambda: run_step("audit", tenth.config),
            },
            setting.runs,
        )
        parsing = alternate(
            {
                _UNPARSED: lambda: _first_audit(setting, None),
                _PARSED: lambda: _first_audit(setting, whole),
            },
            min(setting.runs, _PARSES),
        )
    return Measured(
        TITLE,
        _figures(taken, parsing),
        _INCLUDES,
        (_recipe_found(taken), _steps(taken[_WHOLE]), _rounds({**taken, **parsing})),
    )


def floor(setting: Setting) -> Finished:
    """The floor, with as much memory and as many threads as the audit's engine has."""
    engine = wiring.new_engine()
    try:
        asked = "SELECT current_setting('memory_limit') AS memory, current_setting('threads') AS n"
        bounds = engine.query(asked).to_pylist()[0]
    finally:
        engine.close()
    return run_step("floor", setting.lake.snapshot, bounds["memory"], bounds["n"])


def _first_audit(setting: Setting, parsed: Scratch | None) -> Finished:
    """An audit in a data folder where none ever was."""
    views = parsed.view_parses if parsed else None
    with scratch(setting.lake, views) as fresh:
        return run_step("audit", fresh.config)


def inside(found: Finished) -> float:
    """The time without starting Python and importing."""
    return float(found.said["seconds"])


def _whole_process(found: Finished) -> float:
    return found.seconds


def _cpu(found: Finished) -> float:
    return float(found.said["cpu_seconds"])


def _figures(
    taken: dict[str, list[Finished]], parsing: dict[str, list[Finished]]
) -> Sequence[Figure]:
    def ratio(
        what: str, side: str, other: str, of: Callable[[Finished], float], bar: Bar | None
    ) -> Figure:
        ours, against = (median([of(each) for each in taken[name]]) for name in (side, other))
        shown = f"{seconds(against)} ({other})"
        return Figure(what, seconds(ours), shown, ours / against, bar)

    peak = max(float(each.said["peak_mb"]) for each in taken[_WHOLE])
    unparsed, parsed = (
        median([inside(each) for each in parsing[name]]) for name in (_UNPARSED, _PARSED)
    )
    return (
        ratio("Audit of L, from snapshot to recorded run", _WHOLE, _FLOOR, inside, Bar(3)),
        ratio("… as whole processes, imports and all", _WHOLE, _FLOOR, _whole_process, None),
        ratio("… in CPU seconds", _WHOLE, _FLOOR, _cpu, None),
        ratio("Audit of L against one tenth of it", _WHOLE, _TENTH, inside, Bar(11)),
        Figure("Peak memory of the audit of L", f"{number(peak)} MB", "", peak, Bar(2000, "MB")),
        Figure(
            "First parse of the 5,000 views",
            seconds(unparsed - parsed),
            f"{seconds(unparsed)} less {seconds(parsed)}",
        ),
    )


def _recipe_found(taken: dict[str, list[Finished]]) -> Table:
    exposures: dict[str, Any] = taken[_WHOLE][0].said["exposures"]
    rows = [("all", f"{exposures['total']:,}"), ("tables", f"{exposures['tables']:,}")]
    rows += [(kind, f"{count:,}") for kind, count in exposures["by_kind"].items() if count]
    return Table("Exposures that the audit of L finds", ("", "Exposures"), rows)


def _steps(audits: Sequence[Finished]) -> Table:
    """Medians by step, in the order they come."""
    steps = [audit.said["steps"] for audit in audits]
    rows = [
        (
            name,
            seconds(median([float(each[name]["seconds"]) for each in steps])),
            seconds(median([float(each[name]["cpu_seconds"]) for each in steps])),
        )
        for name in steps[0]
    ]
    return Table("Where the time of the audit of L goes", ("Step", "Time", "CPU time"), rows)


def _rounds(taken: dict[str, list[Finished]]) -> Table:
    rows = [
        (
            name,
            str(len(found)),
            seconds(median([inside(each) for each in found])),
            spread([inside(each) for each in found]),
            seconds(median([each.seconds for each in found])),
            number(max(float(each.said["peak_mb"]) for each in found)),
        )
        for name, found in taken.items()
    ]
    header = ("", "Runs", "Median", "Least to most", "Whole process", "Peak MB")
    return Table("Every side", header, rows)


_INCLUDES = (
    "**Audit:** `wiring.run_audit` on the stored snapshot, in a data folder with an earlier run "
    "of the same lake: taking the lease, sweeping, opening the engine, rights, reach, classes "
    "(view texts parsed by the earlier run), judging, comparing with that run, evidence, writing "
    "the results, and recording the run in a SQLite state. The policies are the shipped ones, "
    "the mode `sql-standard`, groups `none`.",
    "**Floor:** DuckDB with the same memory limit and threads reads every Parquet column that "
    "the audit needs to its last value (`sum`, `sum(strlen(…))` or `count_if`, because DuckDB "
    "answers `max` and `count` from the file's statistics), then hashes the rules of all grants "
    "to 128 bits, sums them for each table and counts the tables by their sums, once. Nothing is "
    "judged, joined or written. The columns stand in `benchmarks/steps/floor.py`.",
    "**The ratio** is taken inside the processes, without starting Python and importing: from "
    "the call that audits to the recorded run, and from opening DuckDB to the last count. Whole "
    "processes are the line below it. Files are in the page cache for both.",
    "**Peak memory** is the most the audit's process ever had resident, the pages of mapped "
    "files included; the worst of all runs.",
    "**First parse:** a first audit in an empty data folder less a first audit that finds all "
    "view texts parsed; both make the state's schema too.",
)
