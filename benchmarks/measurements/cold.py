"""Cold starts: whole processes against `python -c pass`."""

from pathlib import Path

from benchmarks.figures import Bar, Figure, Measured, Table, seconds, spread
from benchmarks.process import LAKEWARDEN, PYTHON, Finished, run_command, run_step
from benchmarks.rounds import alternate, median, say
from benchmarks.scratch import Scratch, scratch
from benchmarks.setting import Setting

TITLE = "Cold starts"

#: They are short, so each side is run this many times more often than the others.
TIMES_MORE = 4
_PASS, _HELP, _CAN = "python -c pass", "lakewarden --help", "lakewarden can"


def measure(setting: Setting) -> Measured:
    """Nothing, help, and one question about lake L, in turn."""
    with scratch(setting.lake) as data:
        say("  some questions to ask")
        runs = setting.runs * TIMES_MORE
        asked = run_step("name_questions", setting.lake.snapshot, runs + 1).said["questions"]
        waiting = iter(asked)
        _can(data, next(waiting))  # what only the first one ever pays: reading from disk
        taken = alternate(
            {
                _PASS: lambda: run_command([PYTHON, "-c", "pass"]),
                _HELP: lambda: run_command([LAKEWARDEN, "--help"]),
                _CAN: lambda: _can(data, next(waiting)),
            },
            runs,
        )
    times = {name: [each.seconds for each in found] for name, found in taken.items()}
    nothing = median(times[_PASS])

    def figure(name: str, shown: str, bar: float) -> Figure:
        ours = median(times[name])
        against = f"{seconds(nothing)} (`{_PASS}`)"
        return Figure(shown, seconds(ours), against, ours / nothing, Bar(bar))

    rows = [
        (
            f"`{name}`",
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
            figure(_HELP, "`lakewarden --help`", 10),
            figure(_CAN, "`lakewarden can` on the stored snapshot of L", 60),
        ),
        (
            "Whole processes, from before they are started to after they ended, in turn. "
            "`lakewarden` is the command that `make setup` leaves beside the interpreter. `can` "
            "asks another random user about SELECT on another random table each time, with the "
            "shipped policies, so the table is found, its grants and the user's roles are read, "
            "its classes are found and Casbin is asked. Files are in the page cache.",
        ),
        (Table("Every side", ("", "Runs", "Median", "Least to most", "CPU time"), rows),),
    )


def _can(data: Scratch, question: list[str]) -> Finished:
    user, table = question
    command: list[str | Path] = [LAKEWARDEN, "can", user, "select", table, "--config", data.config]
    return run_command(command, folder=data.data)
