"""`lakewarden demo`: the demonstration lake, audited."""

import time
from pathlib import Path

import click

from app.commands.options import examples
from app.commands.progress_bar import shown_progress


@click.command("demo", epilog=examples("lakewarden demo", "lakewarden demo --serve --port 0"))
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data/demo"),
    show_default=True,
    help="Where the lake, its snapshot and the results go.",
)
@click.option("--seed", default=2026, show_default=True, help="The generator's seed.")
@click.option("--serve", is_flag=True, help="Serve the API afterwards, until Ctrl-C.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The API's port (0: any free one).",
)
def command(data: Path, seed: int, serve: bool, port: int) -> None:
    """Build a lake of about 60,000 tables with the misconfiguration of June 2026 in it,
    crawl and audit it like any other, and print the report. Exits 0.
    """
    from app import wiring
    from app.commands.audit import print_report
    from app.settings import load_settings

    started = time.monotonic()
    config = wiring.prepare_demonstration(data, seed, port)
    settings = load_settings(config, {})
    with shown_progress() as progress:
        recorded = wiring.run_audit(settings, settings.lake("demo"), progress=progress)
    print_report(recorded.folder, "text", None, config)
    click.echo(f"\nBuilt, crawled and audited in {time.monotonic() - started:.1f} s.")
    if not serve:
        click.echo(f"Ask it more, for example: lakewarden widest --config {config}")
        return
    from app.commands.serve import serve_with_token

    serve_with_token(settings, lake="demo")
