"""`lakewarden init`."""

import shutil
from pathlib import Path

import click

from app.core.errors import SettingsError


@click.command("init")
@click.option("--source", required=True, metavar="URL", help="Your lake's source.")
@click.option(
    "--mode",
    type=click.Choice(["sql-standard", "legacy", "ranger", "off", "auto"]),
    default="auto",
    show_default=True,
    help="Its authorization mode.",
)
@click.option("--directory", metavar="URL", help="Its people and groups, such as csv:DIR.")
@click.option("--groups", type=click.Choice(["directory", "none"]), help="Does it see groups?")
@click.option("--lake", "name", default="main", show_default=True, help="What to call it.")
def command(source: str, mode: str, directory: str | None, groups: str | None, name: str) -> None:
    """Write a commented lakewarden.toml and starter policies/ here, for your lake.

    A password in the URL is not written: the file refers to an environment variable.
    """
    from app import wiring
    from app.settings.template import has_password, password_variable, template

    config, policies = Path("lakewarden.toml"), Path("policies")
    for path in (config, policies):
        if path.exists():
            raise SettingsError(f"{path} is already there", mend="Move it away, or edit it")
    config.write_text(template(source, mode, directory, groups, name), encoding="utf-8")
    ignore = shutil.ignore_patterns("__pycache__", "__init__.py")
    shutil.copytree(wiring.starter_policies(), policies, ignore=ignore)
    click.echo(f"Wrote {config} and {policies}/. Read them, then: lakewarden audit")
    if has_password(source):
        variable = password_variable(name)
        click.echo(f"The password is not written: export {variable}=…")
