"""`lakewarden can`: one question, or a file of them."""

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from app.commands.options import config_option, format_option, lake_choice, lake_options
from app.commands.progress_bar import shown_progress
from app.core.errors import BadNameError

BATCH_COLUMNS = ("user", "right", "object")


@click.command("can")
@click.argument("user", required=False)
@click.argument("right", required=False)
@click.argument("object_name", metavar="OBJECT", required=False)
@click.option(
    "--batch",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="A CSV file with columns user,right,object ('-' for standard input).",
)
@lake_options
@config_option
@format_option
def command(
    user: str | None,
    right: str | None,
    object_name: str | None,
    batch: Path | None,
    config: Path | None,
    output: str,
    **options: Any,
) -> None:
    """Can USER do RIGHT on OBJECT? The engine's own answer for that exact name: allowed,
    denied or unknown, whether policy permits it, and why.

    With --batch, answers a CSV of user,right,object with the same columns plus
    answer,permitted,because. Exit 0 when all are answered, 2 when one is unknown.
    """
    asked = _questions(user, right, object_name, batch)
    answers = _answers(asked, config, options)
    if batch is not None and output == "text":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow((*BATCH_COLUMNS, "answer", "permitted", "because"))
        writer.writerows(asdict(answer).values() for answer in answers)
    elif output == "json":
        rows = [asdict(answer) for answer in answers]
        click.echo(json.dumps(rows if batch else rows[0], ensure_ascii=False, indent=1))
    else:
        from app.core.names import show

        for answer in answers:
            policy = {"yes": "policy allows it", "no": "policy does not allow it", "": ""}
            parts = [show(answer.because), policy[answer.permitted]]
            click.echo(f"{answer.answer}: {'; '.join(part for part in parts if part)}")
    sys.exit(2 if any(answer.answer == "unknown" for answer in answers) else 0)


def _questions(
    user: str | None, right: str | None, object_name: str | None, batch: Path | None
) -> list[tuple[str, str, str]]:
    from app.core.names import parse_right

    if batch is not None:
        if user is not None:
            raise click.UsageError("Give USER RIGHT OBJECT, or --batch FILE, not both.")
        return _read_batch(batch)
    if user is None or right is None or object_name is None:
        raise click.UsageError("Give USER RIGHT OBJECT, or --batch FILE.")
    return [(user, parse_right(right), object_name)]


def _read_batch(path: Path) -> list[tuple[str, str, str]]:
    from app.core.names import parse_right

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadNameError(f"{path} cannot be read: {problem}", mend="Give a UTF-8 CSV") from None
    rows = csv.reader(text.splitlines(keepends=True))
    header = tuple(next(rows, ()))
    if header[:3] != BATCH_COLUMNS:
        raise BadNameError(
            f"{path}:1: the columns are {','.join(header) or 'missing'}",
            mend="The first line must be user,right,object",
        )
    asked = []
    for row in rows:
        if not row:
            continue
        if len(row) < 3:
            raise BadNameError(
                f"{path}:{rows.line_num}: {len(row)} fields", mend="Give user,right,object"
            )
        try:
            asked.append((row[0], parse_right(row[1]), row[2]))
        except BadNameError as problem:
            raise BadNameError(
                f"{path}:{rows.line_num}: {problem.message}", mend=problem.mend
            ) from None
    return asked


def _answers(
    asked: list[tuple[str, str, str]], config: Path | None, options: dict[str, Any]
) -> list[Any]:
    from app import wiring
    from app.core.questions import can_all

    choice = lake_choice(options)
    with (
        shown_progress() as progress,
        wiring.opened_view(config, choice, progress) as view,
    ):
        answers = can_all(view, asked)
        wiring.note_question(config, choice, "can", {"asked": len(asked), "first": asked[:1]})
    return answers
