"""The files a check is about: named, in folders, by glob, of a git change, or piped in."""

import glob
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import CheckInputError

if TYPE_CHECKING:
    from app.check import SqlFile
    from app.sources.git_changes import Repository

#: What is looked for in folders and in git changes; a file named outright may be any.
ENDINGS = (".sql", ".hql", ".ddl")
LARGEST_FILE = 64 * 1024 * 1024
STDIN = "-"


def named_files(arguments: Sequence[str]) -> "list[SqlFile]":
    """The files that arguments name, each once, in the order they are named.

    Raises CheckInputError for what is not there or names nothing.
    """
    if STDIN in arguments and len(arguments) > 1:
        raise CheckInputError(
            "'-' (standard input) stands beside files", mend="Give either, not both"
        )
    if list(arguments) == [STDIN]:
        return [_piped()]
    found: dict[str, None] = {}
    for argument in arguments:
        found.update(dict.fromkeys(_expanded(argument)))
    return [_read(path, path) for path in found]


def changed_files(
    repository: "Repository", base: str, within: Sequence[str]
) -> "tuple[list[SqlFile], list[str]]":
    """The SQL files that the working tree changes since a commit, and those it deletes.

    within: only these files and folders; all where none is given.
    """
    limits = [repository.inside(Path(each)) for each in within]
    for given, limit in zip(within, limits, strict=True):
        if limit is None:
            raise CheckInputError(
                f"{given} is not in the repository {repository.root}",
                mend="Name files and folders of the repository, or leave --diff-base out",
            )
    files: list[SqlFile] = []
    deleted: list[str] = []
    for changed in repository.changed_files(base):
        wanted = any(
            limit == "." or changed.path == limit or changed.path.startswith(f"{limit}/")
            for limit in limits
        )
        if within and not wanted:
            continue
        if not changed.path.lower().endswith(ENDINGS) and changed.path not in limits:
            continue
        if changed.status == "D":
            deleted.append(changed.path)
        else:
            files.append(_read(str(repository.root / changed.path), changed.path))
    return files, deleted


def _expanded(argument: str) -> Iterable[str]:
    if os.path.isdir(argument):
        return _in_folder(argument)
    if os.path.exists(argument):
        return [argument]
    if glob.has_magic(argument):
        matching = sorted(
            each for each in glob.glob(argument, recursive=True) if not os.path.isdir(each)
        )
        if matching:
            return matching
        raise CheckInputError(f"No file matches {argument}", mend="Check the pattern")
    raise CheckInputError(f"There is no file {argument}", mend="Check the path")


def _in_folder(folder: str) -> list[str]:
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            os.path.join(place, name)
            for name in sorted(files)
            if name.lower().endswith(ENDINGS) and not name.startswith(".")
        ]
    if not found:
        raise CheckInputError(
            f"The folder {folder} holds no {', '.join(ENDINGS)} file",
            mend="Name the files themselves if they are called otherwise",
        )
    return sorted(found)


def _piped() -> "SqlFile":
    from app.check import SqlFile

    content = sys.stdin.buffer.read(LARGEST_FILE + 1)
    return SqlFile(STDIN, _bounded(content, "standard input"))


def _read(path: str, name: str) -> "SqlFile":
    from app.check import SqlFile

    if not os.path.isfile(path):
        raise CheckInputError(f"{name} is no regular file", mend="Name a file of statements")
    with open(path, "rb") as file:
        return SqlFile(name, _bounded(file.read(LARGEST_FILE + 1), name))


def _bounded(content: bytes, name: str) -> bytes:
    if len(content) > LARGEST_FILE:
        raise CheckInputError(
            f"{name} is larger than {LARGEST_FILE // 2**20} MB", mend="Split it into files"
        )
    return content
