"""`lakewarden policy`: lint and test."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.options import config_option, examples, format_option

if TYPE_CHECKING:
    from app.policy.findings import Finding

_folder = click.option(
    "--policies",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of policies (default: the settings', ./policies).",
)
_lake = click.option("--lake", metavar="NAME", help="The policies of a lake of lakewarden.toml.")


@click.group("policy", epilog=examples("lakewarden policy lint", "lakewarden policy test"))
def command() -> None:
    """Check the policies themselves."""


def _chosen(folder: Path | None, lake: str | None, config: Path | None) -> Path:
    from app.settings import load_settings

    if folder is not None:
        return folder
    settings = load_settings(config)
    return settings.lake(lake).policies if lake else settings.policies


def _lint_routes(folder: Path, config: Path | None) -> "tuple[Finding, ...]":
    """routes.yaml, where it has routes, against the channels and lakes of lakewarden.toml."""
    from app.policy.lint_routes import lint_routes
    from app.policy.load_routes import load_routes
    from app.policy.loading import load_policies
    from app.settings import load_settings

    routing = load_routes(folder)
    if not routing.routes:
        return ()
    settings = load_settings(config)
    if settings.file is None:
        return lint_routes(routing)
    channels = {name: channel.kind for name, channel in settings.alerts.channels.items()}
    classes = tuple(known.name for known in load_policies(folder).classification.classes)
    return lint_routes(routing, channels, classes, tuple(settings.lakes))


@command.command("lint", epilog=examples("lakewarden policy lint --policies policies"))
@_folder
@_lake
@config_option
@format_option
def lint_command(policies: Path | None, lake: str | None, config: Path | None, output: str) -> None:
    """Lines that never match, audiences nobody should name, classes without rules, …

    Exit 0: nothing but warnings. 1: errors. 2: the policies cannot be read.
    """
    from app.commands.answers import print_json
    from app.policy.lint import lint
    from app.policy.loading import load_policies

    folder = _chosen(policies, lake, config)
    found = tuple(sorted((*lint(load_policies(folder)), *_lint_routes(folder, config))))
    if output == "json":
        print_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            click.echo(str(finding))
        errors = sum(finding.severity == "error" for finding in found)
        click.echo(f"{errors} errors, {len(found) - errors} warnings")
    sys.exit(1 if any(finding.severity == "error" for finding in found) else 0)


@command.command("test", epilog=examples("lakewarden policy test --policies policies"))
@_folder
@_lake
@config_option
@format_option
def test_command(policies: Path | None, lake: str | None, config: Path | None, output: str) -> None:
    """Run policies/tests/*.yaml: small lakes and the verdicts expected of them.

    Exit 0: all as expected. 1: some not. 2: no tests, or they cannot be read.
    """
    from app.commands.answers import print_json
    from app.policy.loading import load_policies
    from app.policy.testing import run_tests

    outcomes = run_tests(load_policies(_chosen(policies, lake, config)))
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if output == "json":
        print_json([{**asdict(outcome), "passed": outcome.passed} for outcome in outcomes])
    else:
        for outcome in failed:
            click.echo(str(outcome))
        click.echo(f"{len(outcomes) - len(failed)} as expected, {len(failed)} not")
    if not outcomes:
        click.echo("There are no tests: add policies/tests/NAME.yaml", err=True)
    sys.exit(2 if not outcomes else 1 if failed else 0)
