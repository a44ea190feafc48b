"""`lakewarden init`."""

import shutil
from pathlib import Path

import click

from app.commands.options import examples
from app.core.errors import SettingsError

_PLACEHOLDER = "metastore+postgresql://lakewarden@db.example.com/metastore"


@click.command(
    "init",
    epilog=examples(
        "lakewarden init",
        "lakewarden init --source metastore+sqlite:///lake.db --mode sql-standard",
    ),
)
@click.option(
    "--source", metavar="URL", help="Your lake's source (unset: an example to be edited)."
)
@click.option(
    "--mode",
    type=click.Choice(["sql-standard", "legacy", "ranger", "off", "auto"]),
    default="auto",
    show_default=True,
    help="How its engine authorizes.",
)
@click.option("--directory", metavar="URL", help="Its people and groups, such as csv:DIR.")
@click.option(
    "--groups",
    type=click.Choice(["directory", "none"]),
    help="Whether the engine resolves groups at all (unset: not known).",
)
@click.option(
    "--lake", "name", metavar="NAME", default="main", show_default=True, help="What to call it."
)
def command(
    source: str | None, mode: str, directory: str | None, groups: str | None, name: str
) -> None:
    """Write a commented lakewarden.toml and starter policies/ here, for your lake.

    A password in a URL is not written: the file refers to an environment variable.
    """
    from app import wiring
    from app.settings.template import has_password, password_variable, template

    config, policies = Path("lakewarden.toml"), Path("policies")
    for path in (config, policies):
        if path.exists():
            raise SettingsError(f"{path} is already there", mend="Move it away, or edit it")
    _check(source, directory, name)
    ignore = shutil.ignore_patterns("__pycache__", "__init__.py")
    shutil.copytree(wiring.starter_policies(), policies, ignore=ignore)
    config.write_text(
        template(source or _PLACEHOLDER, mode, directory, groups, name), encoding="utf-8"
    )
    click.echo(f"Wrote {config} and {policies}/.")
    for key, url in (("source", source), ("directory", directory)):
        if url and has_password(url):
            variable = password_variable(name, key)
            click.echo(f"The password of the {key} is not written: export {variable}=…")
    if source is None:
        click.echo(f"Name your lake's source in {config}.")
    if mode == "auto":
        click.echo(f"Say in {config} how its engine authorizes (mode), unless its source can tell.")
    click.echo("Read both, then: lakewarden audit")


def _check(source: str | None, directory: str | None, name: str) -> None:
    """Before anything is written: are these a name and addresses at all?"""
    from app.settings.document import LAKE_NAME, LAKE_NAME_MEND
    from app.sources.registry import open_directory, open_source

    if not LAKE_NAME.fullmatch(name):
        raise SettingsError(f"{name!r} cannot name a lake", mend=LAKE_NAME_MEND)
    if source is not None:
        open_source(source)
    if directory is not None:
        open_directory(directory)
