"""What the options of `lakewarden check` mean, and where its answers are written."""

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.core.errors import CheckInputError

if TYPE_CHECKING:
    from app.check import Checked
    from app.core.baseline import Baseline
    from app.core.findings import CheckReport
    from app.sources.git_changes import Repository

_STDOUT = Path("-")
_AGE = re.compile(r"([0-9]{1,6})([mhd])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_EFFECT_COLUMNS = ("user", "right", "object", "before", "after")

#: (format, where it goes)
Outputs = list[tuple[str, Path]]


def age_of(text: str) -> timedelta | None:
    """`12h`, `3d`, `90m`; None for `none`. Raises UsageError."""
    if text == "none":
        return None
    found = _AGE.fullmatch(text)
    if found is None:
        raise click.UsageError(f"--max-age {text}: write 90m, 12h, 3d or none.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def variables_of(given: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE, each name once. Raises UsageError."""
    found: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--var {each}: write NAME=VALUE.")
        if found.get(name, value) != value:
            raise click.UsageError(f"--var {name} is given two values.")
        found[name] = value
    return found


def outputs_of(
    formats: tuple[str, ...], targets: tuple[Path, ...], effects: Path | None
) -> Outputs:
    """Where each format goes. Raises UsageError when two would share a place."""
    wanted = formats or ("text",)
    if len(targets) > len(wanted):
        raise click.UsageError("There are more --output than --format.")
    places = [*targets, *[_STDOUT] * (len(wanted) - len(targets))]
    every = [*places, *([] if effects is None else [effects])]
    for place in every:
        if every.count(place) > 1:
            where = "standard output" if place == _STDOUT else str(place)
            raise click.UsageError(
                f"Two answers would go to {where}: give each --format its own --output."
            )
    return list(zip(wanted, places, strict=True))


def read_baseline_at(
    file: Path, repository: "Repository | None", commit: str | None, *, writing: bool
) -> "Baseline | None":
    """The baseline as the base has it: a change cannot add itself to it.

    Outside of a repository, or without a base, as it stands. None where it is to be written
    for the first time. Raises CheckInputError.
    """
    from app.core.baseline import read_baseline

    if writing:
        return None
    within = None if repository is None or commit is None else repository.inside(file)
    if repository is not None and commit is not None and within is not None:
        content = repository.file_at(commit, within)
        if content is None:
            raise CheckInputError(
                f"There is no baseline {within} at {commit[:12]}",
                mend="Merge the baseline first: a change cannot bring its own",
            )
    elif file.is_file():
        content = file.read_bytes()
    else:
        raise CheckInputError(
            f"There is no baseline {file}", mend="Write one with --write-baseline"
        )
    try:
        return read_baseline(content.decode("utf-8-sig"), str(file))
    except UnicodeDecodeError:
        raise CheckInputError(
            f"The baseline {file} is not UTF-8", mend="Write it anew: --write-baseline"
        ) from None


def write_baseline_to(checked: "Checked", file: Path) -> int:
    """Write what is found now as the baseline; 2 where something could not be judged."""
    from app.core.baseline import may_stand, write_baseline

    findings = checked.report.findings
    file.write_text(write_baseline(findings), encoding="utf-8")
    kept = sum(may_stand(each) for each in findings)
    click.echo(f"{file}: {kept:,} findings stand in the baseline from now on.", err=True)
    return 2 if checked.report.exit_code == 2 else 0


def write_effects(checked: "Checked", target: Path) -> None:
    """Every access given or taken as CSV, written as it is worked out."""
    import csv

    def write(out: Any) -> None:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(_EFFECT_COLUMNS)
        for each in checked.effects():
            rows.writerow((each.user, each.right, each.object, each.before, each.after))

    if target == _STDOUT:
        write(sys.stdout)
        return
    with target.open("w", encoding="utf-8", newline="") as file:
        write(file)


def print_check(report: "CheckReport", outputs: Outputs, summary: Path | None) -> None:
    """Write the report in each format to its place."""
    import shutil

    from app import __version__
    from app.report.check_registry import CheckLook, render_check

    for name, target in outputs:
        people_look = target == _STDOUT and sys.stdout.isatty()
        width = min(shutil.get_terminal_size((100, 24)).columns, 140) if people_look else 100
        look = CheckLook(__version__, people_look, width)
        text = render_check(name, report, look)
        if target == _STDOUT:
            click.echo(text, nl=False)
        else:
            target.write_bytes(text.encode("utf-8", "backslashreplace"))
    if summary is not None and any(name == "github" for name, _ in outputs):
        from app.report.check_github import check_summary

        with summary.open("ab") as file:
            file.write(check_summary(report).encode("utf-8", "backslashreplace"))
