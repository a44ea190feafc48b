"""Every command says what it does, shows lines to try, and stands in docs/cli.md."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app.cli import COMMANDS, lakewarden
from tests.commands.running import run

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


def walk(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group, groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield (*path, name), found
        if isinstance(found, click.Group):
            yield from walk(found, *path, name)


ALL = list(walk(lakewarden))


def section(path: tuple[str, ...]) -> str:
    """What docs/cli.md says under a command's heading."""
    title = f" `lakewarden {' '.join(path)}`\n"
    text = DOCS.read_text("utf-8")
    assert f"#{title}" in text, f"docs/cli.md has no heading for {' '.join(path)}"
    rest = text.partition(f"#{title}")[2]
    return rest.partition("\n#")[0]


@pytest.mark.parametrize(("path", "command"), ALL, ids=["-".join(path) for path, _ in ALL])
def test_is_documented_with_all_its_options(path: tuple[str, ...], command: click.Command) -> None:
    said = section(path)
    if isinstance(command, click.Group):
        return
    shared = DOCS.read_text("utf-8").partition("\n## Options")[2].partition("\n## `")[0]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            for name in parameter.opts:
                assert f"`{name}" in said + shared, f"{name} of {' '.join(path)}"
            assert parameter.help or name == "--help"
        else:
            assert str(parameter.metavar or parameter.name).strip("[]").upper() in said
    assert "```" in said, "no example"


@pytest.mark.parametrize(("path", "command"), ALL, ids=["-".join(path) for path, _ in ALL])
def test_help_says_what_it_does_and_what_to_try(
    path: tuple[str, ...], command: click.Command
) -> None:
    ran = run(*path, "--help")
    assert ran.code == 0
    assert "Try:\n    lakewarden " in ran.out
    assert command.help
    assert max(map(len, ran.lines)) <= 100


def test_examples_in_the_docs_are_commands_with_options_that_exist() -> None:
    known = {path: {name for each in command.params for name in each.opts} for path, command in ALL}
    text = DOCS.read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("lakewarden ")]
    assert len(lines) > len(COMMANDS)
    for line in lines:
        words = line.split("#")[0].split()[1:]
        path = tuple(words[:2]) if tuple(words[:2]) in known else tuple(words[:1])
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert path in known, line
        assert given <= known[path] | {"--help"}, line


def test_the_list_of_commands() -> None:
    ran = run("--help")
    assert ran.code == 0
    for name, (_, line) in COMMANDS.items():
        assert f"  {name}" in ran.out
        assert line.split()[0] in ran.out
    assert run("--version").out.startswith("lakewarden, version ")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nothing"], "There is no command 'nothing'."),
        (["audti"], "Did you mean audit?"),
        (["--nothing"], "No such option"),
        (["snapshot", "nothing"], "No such command"),
        (["can", "\udcff", "select", "a.b"], "\\udcff is not UTF-8 text."),
    ],
)
def test_what_is_no_command(arguments: list[str], word: str) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out, word in ran.err) == (2, "", True)


def test_without_arguments_it_shows_the_way() -> None:
    ran = run()
    assert ran.code in (0, 2)
    assert "lakewarden demo" in ran.out + ran.err
