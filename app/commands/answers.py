"""Printing answers: JSON as it is, text as lines and tables."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

import click

from app.core.memberships import MembershipEdge
from app.core.names import show
from app.core.questions import GrantPath


def print_json(answer: Any) -> None:
    """One JSON document."""
    click.echo(json.dumps(json_ready(answer), ensure_ascii=False, indent=1))


def json_ready(answer: Any) -> Any:
    """Dataclasses as dicts, tuples as lists."""
    if is_dataclass(answer) and not isinstance(answer, type):
        return asdict(answer)
    if isinstance(answer, dict):
        return {key: json_ready(value) for key, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [json_ready(each) for each in answer]
    return answer


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns under each other, each as wide as its widest cell."""
    cells = [[show(_cell(value)) for value in row] for row in rows]
    widths = [
        max([len(name), *(len(row[place]) for row in cells)]) for place, name in enumerate(columns)
    ]
    for row in [list(columns), *cells]:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value) or "-"
    return str(value)


def when(seconds: int | None) -> str:
    """Epoch seconds as a UTC date and time."""
    if not seconds:
        return "unknown time"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def edge_words(edge: MembershipEdge) -> str:
    """A membership in words, with its row, who made it and when."""
    member = f"{edge.member[0].lower()} {show(edge.member[1])}"
    of = f"{edge.of[0].lower()} {show(edge.of[1])}"
    if edge.source == "everyone":
        return f"{member} holds {of}, as everyone does"
    if edge.source == "directory":
        return f"{member} is in {of} (directory)"
    made = f", by {show(edge.grantor)} on {when(edge.create_time)}" if edge.grantor else ""
    return f"{member} is a member of {of} ({edge.source}{made})"


def path_words(path: GrantPath) -> list[str]:
    """A path, a line for each step, the grant last."""
    grant = path.grant
    option = " WITH GRANT OPTION" if grant.grant_option else ""
    by = f", by {show(grant.grantor)} on {when(grant.create_time)}" if grant.grantor else ""
    part = f" on column {show(grant.column)}" if grant.column else ""
    last = (
        f"{show(grant.privilege)}{option}{part} to {grant.principal_type.lower()} "
        f"{show(grant.principal)} ({grant.source}{by})"
    )
    return [*(edge_words(edge) for edge in path.edges), last]
