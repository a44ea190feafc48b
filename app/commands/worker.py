"""`lakewarden worker`: crawls and audits in time, watches, delivers alerts."""

import sys
from pathlib import Path

import click

from app.commands.options import config_option, examples
from app.commands.watching import stopped_by_signals


@click.command(
    "worker",
    epilog=examples(
        "lakewarden worker",
        "lakewarden worker --lake main --lake archive",
        "lakewarden worker --once",
    ),
)
@click.option("--lake", "lakes", multiple=True, metavar="NAME", help="Mind this lake only; again.")
@click.option("--once", is_flag=True, help="One round: what is due is audited, then delivered.")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    default=0.5,
    show_default=True,
    help="How often a watched lake is looked at.",
)
@click.option(
    "--full-every",
    metavar="SECONDS",
    type=click.FloatRange(1, 7 * 86_400),
    default=900.0,
    show_default=True,
    help="How often a watched lake is crawled whole without a sign.",
)
@config_option
def command(
    lakes: tuple[str, ...], once: bool, interval: float, full_every: float, config: Path | None
) -> None:
    """Crawl and audit every lake on its schedule, or watch it; send what routes.yaml says.

    Without a schedule a lake is watched where its source has a sign of change, and audited
    hourly where it has none. Several workers share the work: one minds a lake at a time.
    Ctrl-C or SIGTERM lets audits under way finish; a second one ends it at once. With
    --once: exit 0, or 2 when something could not be read, judged or delivered.
    """
    from app.core.watching import Pace
    from app.log import set_up_logging
    from app.settings import load_settings
    from app.worker.working import Worker

    settings = load_settings(config)
    worker = Worker.built(settings, lakes, Pace(interval, full_every))
    set_up_logging(settings.log.format, settings.log.level)
    if once:
        sys.exit(0 if worker.once() else 2)
    for name, schedule in worker.schedules.items():
        click.echo(f"{name}: {schedule}", err=True)
    click.echo(f"{len(worker.channels.settings)} channels. Ctrl-C ends it.", err=True)
    with stopped_by_signals() as stop:
        worker.run(stop)
