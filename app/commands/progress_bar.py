"""A progress bar for people; nothing in a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.facts import Progress


@contextmanager
def shown_progress() -> Iterator["Progress"]:
    """Yield a Progress that draws on the terminal, if a person is looking at it.

    Print answers after the block: the bar's last state is wiped when it ends.
    """
    if not sys.stderr.isatty():
        yield _nobody_looks
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        # Standard output may be a file: rich would send it to the terminal.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with bar:
        task = bar.add_task("starting", total=None)
        shown = ""

        def show(what: str, done: int, total: int | None) -> None:
            nonlocal shown
            if what != shown:
                bar.reset(task, total=total, completed=done, description=what)
                shown = what
            bar.update(task, completed=done, total=total)

        yield show


def _nobody_looks(what: str, done: int, total: int | None) -> None:
    """Progress in a pipe."""
