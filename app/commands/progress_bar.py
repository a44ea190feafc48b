"""A progress bar for people; nothing in a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.facts import Progress, no_progress


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Yield a Progress that draws on the terminal, if a person is looking at it."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import (
        Progress as Bar,
    )

    bar = Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
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
