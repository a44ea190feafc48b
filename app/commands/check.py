"""`lakewarden check`: what grant changes do, before they merge."""

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.check_options import (
    age_of,
    outputs_of,
    print_check,
    read_baseline_at,
    variables_of,
    write_baseline_to,
    write_effects,
)
from app.commands.options import config_option, examples, lake_choice, lake_options
from app.commands.progress_bar import shown_progress
from app.core.frozen import frozen

if TYPE_CHECKING:
    from app.check import SqlFile
    from app.core.baseline import Baseline
    from app.sources.git_changes import Repository
    from app.wiring import LakeChoice

FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit")
DEFAULT_MAX_AGE = "3d"
_FILE = click.Path(path_type=Path, dir_okay=False)
_OUT = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


@click.command(
    "check",
    epilog=examples(
        "lakewarden check grants/ --as svc_deploy",
        "lakewarden check --diff-base origin/main --format github",
        "lakewarden check change.sql --snapshot lake.snapshot --key lake.pub --mode sql-standard",
        "lakewarden check revoke.sql --effects effects.csv --format json --output check.json",
    ),
)
@click.argument("files", metavar="[FILE...]", nargs=-1)
@click.option("--diff-base", metavar="REF", help="Check the files changed since REF was left.")
@lake_options
@config_option
@click.option("--snapshot", type=_FILE, help="An exported snapshot, in place of the lake's newest.")
@click.option(
    "--key",
    type=_FILE,
    multiple=True,
    help="A public key that --snapshot may be signed by; may be given again.",
)
@click.option(
    "--max-age",
    metavar="TIME",
    default=DEFAULT_MAX_AGE,
    show_default=True,
    help="How old the snapshot may be: 12h, 3d, or none.",
)
@click.option(
    "--policies-ref",
    metavar="REF",
    help="The commit whose policies judge (default: where --diff-base was left).",
)
@click.option(
    "--policies-change",
    is_flag=True,
    help="Check what the working tree's policies change, with or without statements.",
)
@click.option(
    "--dialect",
    type=click.Choice(["hive", "trino", "databricks"]),
    default="hive",
    show_default=True,
    help="In what the statements are written.",
)
@click.option("--as", "runner", metavar="USER", help="Who will run them.")
@click.option(
    "--var",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    help="A template's variable; may be given again.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    help="How to print it; may be given again (default: text).",
)
@click.option(
    "--output",
    "targets",
    type=_OUT,
    multiple=True,
    help="Where each --format goes, in their order; - is standard output.",
)
@click.option("--effects", metavar="FILE.csv", type=_OUT, help="Write every access given or taken.")
@click.option("--baseline", type=_FILE, help="Findings that were there before, as a file.")
@click.option("--write-baseline", is_flag=True, help="Write --baseline anew from what is found.")
@click.option("--no-suppressions", is_flag=True, help="Heed no comment, waiver or baseline.")
@click.option(
    "--fail-on",
    type=click.Choice(["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"]),
    default="SEV4",
    show_default=True,
    help="The mildest severity that makes the exit code 1.",
)
@click.option(
    "--step-summary",
    envvar="GITHUB_STEP_SUMMARY",
    type=_FILE,
    help="With --format github: append a summary (default: $GITHUB_STEP_SUMMARY).",
)
def command(**options: Any) -> None:
    """Check grant changes before they merge: what they do to who can really do what.

    Exit 0: clean. 1: findings. 2: something could not be judged (2 wins over 1).
    """
    choice = lake_choice(options)
    _refuse_contradictions(options, choice)
    outputs = outputs_of(options["formats"], options["targets"], options["effects"])
    max_age, variables = age_of(options["max_age"]), variables_of(options["variables"])
    from app import wiring
    from app.check import CheckRequest, check_change
    from app.settings import load_settings

    settings = load_settings(options["config"])
    base = _base(options)
    files, notes = _files(options, base)
    request = CheckRequest(
        files=tuple(files),
        dialect=options["dialect"],
        runner=options["runner"],
        variables=variables,
        fail_on=options["fail_on"],
        max_age=max_age,
        suppressions=not options["no_suppressions"],
        baseline=_baseline(options, base),
        effects="json" in options["formats"],
    )
    place = wiring.CheckPlace(
        options["snapshot"], options["key"], base.repository, base.policies_at
    )
    with shown_progress() as progress, ExitStack() as held:
        parts = held.enter_context(wiring.opened_check(settings, choice, place, progress))
        parts = replace(parts, notes=(*notes, *parts.notes))
        checked = check_change(parts, request)
        if options["effects"] is not None:
            write_effects(checked, options["effects"])
    if options["snapshot"] is None:
        asked = {"files": [file.name for file in files], "as": options["runner"]}
        wiring.note_question(options["config"], choice, "check", asked)
    code = checked.report.exit_code
    if options["write_baseline"]:
        code = write_baseline_to(checked, options["baseline"])
    print_check(checked.report, outputs, options["step_summary"])
    sys.exit(code)


@frozen
class _Base:
    """What the change is compared with: commits of a repository, or nothing."""

    repository: "Repository | None" = None
    files_since: str | None = None
    policies_at: str | None = None


def _refuse_contradictions(options: dict[str, Any], choice: "LakeChoice") -> None:
    if options["snapshot"] is not None and not options["key"]:
        raise click.UsageError("--snapshot needs --key: the public key it is signed for.")
    if options["snapshot"] is None and options["key"]:
        raise click.UsageError("--key is for --snapshot.")
    if options["snapshot"] is not None and choice.source:
        raise click.UsageError("Give --snapshot or --source, not both.")
    if options["write_baseline"] and options["baseline"] is None:
        raise click.UsageError("--write-baseline needs --baseline FILE.")
    if options["write_baseline"] and options["no_suppressions"]:
        raise click.UsageError("--write-baseline and --no-suppressions contradict each other.")
    if not options["files"] and not options["diff_base"] and not options["policies_change"]:
        raise click.UsageError("Give files, '-', --diff-base REF or --policies-change.")


def _base(options: dict[str, Any]) -> _Base:
    diff_base, policies_ref = options["diff_base"], options["policies_ref"]
    if not (diff_base or policies_ref or options["policies_change"]):
        return _Base()
    from app.sources.git_changes import repository_of

    repository = repository_of(Path())
    since = repository.merge_base(diff_base) if diff_base else None
    policies = repository.commit(policies_ref) if policies_ref else since
    return _Base(repository, since, policies or repository.commit("HEAD"))


def _files(options: dict[str, Any], base: _Base) -> "tuple[list[SqlFile], list[str]]":
    """The files to check, and what is to be said of how they were found."""
    from app.commands.check_files import changed_files, named_files

    notes = []
    if base.policies_at is None:
        notes.append(
            "policies and waivers are read as they stand here: whoever writes the change could "
            "change them with it. In CI give --diff-base or --policies-ref"
        )
    if base.repository is None or base.files_since is None:
        return (named_files(options["files"]) if options["files"] else []), notes
    files, deleted = changed_files(base.repository, base.files_since, options["files"])
    notes += [f"{path} is deleted: what it did before is not undone by that" for path in deleted]
    if not files:
        notes.append(f"no file of statements is changed since {base.files_since[:12]}")
    return files, notes


def _baseline(options: dict[str, Any], base: _Base) -> "Baseline | None":
    if options["baseline"] is None or options["no_suppressions"]:
        return None
    return read_baseline_at(
        options["baseline"],
        base.repository,
        base.policies_at,
        writing=options["write_baseline"],
    )
