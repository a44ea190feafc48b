"""Printing answers: JSON as it is, text as lines and tables."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from app.core.names import show

if TYPE_CHECKING:
    from app.core.lake_view import LakeView
    from app.core.memberships import MembershipEdge
    from app.core.questions import GrantPath

_NO_DIRECTORY = (
    "directory",
    "",
    "there is no directory of people",
    "Who is in which group, and so what policy permits: give --directory",
)

#: Wide enough that nothing is wrapped where a program reads.
_UNLIMITED = 1_000_000


def print_json(answer: Any) -> None:
    """One JSON document."""
    click.echo(json.dumps(json_ready(answer), ensure_ascii=False, indent=1))


def json_ready(answer: Any) -> Any:
    """Dataclasses as dicts, tuples as lists."""
    if is_dataclass(answer) and not isinstance(answer, type):
        return asdict(answer)
    if isinstance(answer, Mapping):
        return {key: json_ready(value) for key, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [json_ready(each) for each in answer]
    return answer


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns under each other; on a terminal as wide as it is, long cells wrapped."""
    from app.report.text_table import text_table

    width = _UNLIMITED
    if sys.stdout.isatty():
        width = shutil.get_terminal_size((100, 24)).columns
    click.echo(text_table(columns, rows, width), nl=False)


def counted(count: int, one: str, many: str) -> str:
    """`1 person`, `2 people`."""
    return f"{count:,} {one if count == 1 else many}"


def when(seconds: int | None) -> str:
    """Epoch seconds as a UTC date and time."""
    if not seconds:
        return "unknown time"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970"


def edge_words(edge: "MembershipEdge") -> str:
    """A membership in words, with its row, who made it and when."""
    member = f"{edge.member[0].lower()} {show(edge.member[1])}"
    of = f"{edge.of[0].lower()} {show(edge.of[1])}"
    if edge.source == "everyone":
        return f"{member} holds {of}, as everyone does"
    if edge.source == "directory":
        return f"{member} is in {of} (directory)"
    made = f", by {show(edge.grantor)} on {when(edge.create_time)}" if edge.grantor else ""
    return f"{member} is a member of {of} ({edge.source}{made})"


def path_words(path: "GrantPath") -> list[str]:
    """A path, a line for each step, the grant last."""
    grant = path.grant
    option = " WITH GRANT OPTION" if grant.grant_option else ""
    by = f", by {show(grant.grantor)} on {when(grant.create_time)}" if grant.grantor else ""
    part = f" on column {show(grant.column)}" if grant.column else ""
    last = (
        f"{show(grant.privilege)}{option}{part} to {show(grant.principal_type.lower())} "
        f"{show(grant.principal)} ({grant.source}{by})"
    )
    return [*(edge_words(edge) for edge in path.edges), last]


def say_what_is_missing(gaps: Sequence[Mapping[str, str]]) -> None:
    """Warn, beside an answer, of what the crawl behind it could not read."""
    for gap in gaps[:3]:
        name = f"{gap['scope']} {gap['object']}".strip()
        click.echo(f"Not seen: {show(name)}: {show(gap['reason'])}", err=True)
        click.echo(f"  In doubt: {show(gap['doubt'])}", err=True)
    if len(gaps) > 3:
        click.echo(f"… and {len(gaps) - 3:,} more: lakewarden gaps", err=True)


def gaps_of(view: "LakeView") -> list[dict[str, str]]:
    """What the crawl of a snapshot could not read of the lake or its directory as a whole.

    A gap of one table or of one group stands in the report; it does not stand here, where
    any object may be asked about.
    """
    rows = view.lookup.rows("gaps")
    names = ("scope", "object", "reason", "doubt")
    columns = [rows.slice(name, 0, rows.count) for name in names]
    found = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    missing = [gap for gap in found if gap["scope"] in ("lake", "grants") or not gap["object"]]
    if not view.lookup.rows("users").count and not any(g["scope"] == "directory" for g in missing):
        missing.append(dict(zip(names, _NO_DIRECTORY, strict=True)))
    return missing
