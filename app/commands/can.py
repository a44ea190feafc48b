"""`lakewarden can`: one question, or a file of them."""

import csv
import io
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.options import config_option, examples, format_option, lake_choice, lake_options
from app.commands.progress_bar import shown_progress
from app.core.errors import BadNameError

if TYPE_CHECKING:
    from app.core.questions import Answer

BATCH_COLUMNS = ("user", "right", "object")
_ADDED = ("answer", "permitted", "because")
_POLICY = {"yes": "policy allows it", "no": "policy does not allow it", "": ""}

Question = tuple[str, str, str]


@click.command(
    "can",
    epilog=examples(
        "lakewarden can ann select hr_payroll.salaries",
        "lakewarden can --batch questions.csv --source metastore+sqlite:///lake.db "
        "--mode sql-standard",
    ),
)
@click.argument("user", required=False)
@click.argument("right", required=False)
@click.argument("object_name", metavar="[OBJECT]", required=False)
@click.option(
    "--batch",
    metavar="FILE.csv",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="A CSV file with the columns user,right,object ('-' for standard input).",
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

    USER is compared exactly, case and all. RIGHT is select, insert, update, delete, alter,
    create, drop, index, lock, own, or delegate (any right held with grant option). OBJECT is
    db, db.table or db.table.column; a part that holds a dot stands in backticks.

    With --batch, answers a CSV file with the same columns plus answer, permitted and
    because. Exit 0 when all are answered, 2 when one is unknown. Without a folder of
    policies, permitted is left empty: unknown, so the exit code is 2.
    """
    asked = _questions(user, right, object_name, batch)
    answers = _answers(asked, config, options)
    if batch is not None and output == "text":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow((*BATCH_COLUMNS, *_ADDED))
        for question, answer in zip(asked, answers, strict=True):
            writer.writerow((*question, answer.answer, answer.permitted, answer.because))
    elif output == "json":
        rows = [asdict(answer) for answer in answers]
        said = rows[0] if batch is None else rows
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
    else:
        _print(answers[0])
    unknown = any(answer.answer == "unknown" or not answer.permitted for answer in answers)
    sys.exit(2 if unknown else 0)


def _print(answer: "Answer") -> None:
    from app.core.names import show

    parts = [show(answer.because), _POLICY[answer.permitted]]
    click.echo(f"{answer.answer}: {'; '.join(part for part in parts if part)}")


def _questions(
    user: str | None, right: str | None, object_name: str | None, batch: Path | None
) -> list[Question]:
    from app.core.names import parse_right

    if batch is not None:
        if user is not None:
            raise click.UsageError("Give USER RIGHT OBJECT, or --batch FILE, not both.")
        return _read_batch(batch)
    if user is None or right is None or object_name is None:
        raise click.UsageError("Give USER RIGHT OBJECT, or --batch FILE.")
    if not user:
        raise BadNameError("The user's name is empty", mend="Give a user's exact name")
    return [(user, parse_right(right), object_name)]


def _read_batch(path: Path) -> list[Question]:
    """The questions of a file as written. Raises BadNameError with the line of what is wrong."""
    named = "standard input" if str(path) == "-" else str(path)
    text = _batch_text(path, named)
    # csv takes the lines apart itself: a quoted name may hold any line break.
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    asked: list[Question] = []
    try:
        _check_header(next(rows, []), named)
        for row in rows:
            if row:
                asked.append(_question(row, f"{named}:{rows.line_num}"))
    except csv.Error as problem:
        raise BadNameError(
            f"{named}:{rows.line_num}: this is no CSV: {problem}",
            mend="Quote fields that hold commas, quotes or line breaks; double the quotes in them",
        ) from None
    if not asked:
        raise BadNameError(f"{named} asks nothing", mend="Add lines of user,right,object")
    return asked


def _batch_text(path: Path, named: str) -> str:
    content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise BadNameError(
            f"{named}:{line}: a byte that is not UTF-8", mend="Save the file as UTF-8"
        ) from None


def _check_header(header: list[str], named: str) -> None:
    if tuple(name.strip().lower() for name in header[:3]) != BATCH_COLUMNS:
        from app.core.names import show

        raise BadNameError(
            f"{named}:1: the columns are {show(','.join(header)) or 'missing'}",
            mend="The first line must be user,right,object",
        )


def _question(row: list[str], place: str) -> Question:
    from app.core.names import parse_right

    if len(row) < 3:
        raise BadNameError(f"{place}: {len(row)} fields", mend="Give user,right,object")
    if not row[0]:
        raise BadNameError(f"{place}: the user is empty", mend="Give a user's exact name")
    try:
        parse_right(row[1])
    except BadNameError as problem:
        raise BadNameError(f"{place}: {problem.message}", mend=problem.mend) from None
    return row[0], row[1], row[2]


def _answers(asked: list[Question], config: Path | None, options: dict[str, Any]) -> "list[Answer]":
    from app import wiring
    from app.commands.answers import gaps_of, say_what_is_missing
    from app.core.questions import can_all

    choice = lake_choice(options)
    judged = wiring.has_policies(config, choice)
    with (
        shown_progress() as progress,
        wiring.opened_view(config, choice, progress, with_policies=judged) as view,
    ):
        answers = can_all(view, asked)
        gaps = gaps_of(view)
    if not judged:
        answers = [replace(answer, permitted="") for answer in answers]
        click.echo(
            "There is no folder of policies: what policy permits is not known. "
            "Give --policies DIR, or write starter ones with lakewarden init",
            err=True,
        )
    wiring.note_question(config, choice, "can", {"asked": len(asked), "first": asked[:1]})
    say_what_is_missing(gaps)
    return answers
