"""What a git change touches, and folders as they stood at a commit.

Runs `git` with a fixed list of arguments, never a shell, and with everything switched off
by which a repository could make git run a program of its own (hooks, the file-system
monitor, external diffs). Revisions are resolved to commits first, so that none is read
as an option. Nothing is fetched and nothing in the repository is changed.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from app.core.errors import CheckInputError
from app.core.names import show

_SAFE = (
    "git",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.quotePath=false",
    "-c",
    "diff.external=",
    "--no-pager",
    "--literal-pathspecs",
)
_SECONDS = 60
_LARGEST_FILE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that a change touches. status: A added, M modified, D deleted, T its type."""

    path: str  # from the root of the repository, with slashes
    status: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository's working tree."""

    root: Path

    def commit(self, revision: str) -> str:
        """The commit that a revision names. Raises CheckInputError."""
        wanted = f"{revision}^{{commit}}"
        ran = _git(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
        if ran.returncode:
            raise CheckInputError(
                f"{show(revision)!r} is no commit of the repository {self.root}",
                mend="Give a branch, tag or commit that is there; in CI, fetch it first "
                "(fetch-depth: 0)",
            )
        return ran.stdout.decode("ascii").strip()

    def merge_base(self, revision: str) -> str:
        """Where the working tree's commit left a revision. Raises CheckInputError."""
        commit = self.commit(revision)
        ran = _git(self.root, "merge-base", commit, self.commit("HEAD"))
        if ran.returncode:
            raise CheckInputError(
                f"HEAD and {show(revision)!r} have no commit in common that is here",
                mend="Fetch the whole history (fetch-depth: 0, GIT_DEPTH: 0)",
            )
        return ran.stdout.decode("ascii").split()[0]

    def changed_files(self, base: str) -> list[ChangedFile]:
        """What the working tree changes since a commit, untracked files too, by path.

        A renamed file is one deleted and one added.
        """
        ran = _checked(
            self.root,
            "diff",
            "--name-status",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules=all",
            "-z",
            base,
            "--",
        )
        words = ran.split(b"\0")
        found = {
            _path(path): status.decode("ascii")[:1]
            for status, path in zip(words[::2], words[1::2], strict=False)
        }
        untracked = _checked(self.root, "ls-files", "--others", "--exclude-standard", "-z")
        found.update({_path(path): "A" for path in untracked.split(b"\0") if path})
        return [ChangedFile(path, found[path]) for path in sorted(found)]

    def file_at(self, commit: str, path: str) -> bytes | None:
        """A regular file's content at a commit; None where there is none."""
        for mode, blob, name in self._entries(commit, path):
            if name == path:
                return self._blob(blob) if mode.startswith("100") else None
        return None

    def write_folder_at(self, commit: str, folder: str, target: Path) -> bool:
        """Write a folder as it stood at a commit; False where it was not there.

        Links and submodules are left out: what they lead to is not part of the commit.
        """
        found = False
        within = PurePosixPath(folder)
        for mode, blob, name in self._entries(commit, folder):
            if not mode.startswith("100") or within not in PurePosixPath(name).parents:
                continue
            written = target.joinpath(*PurePosixPath(name).relative_to(within).parts)
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_bytes(self._blob(blob))
            found = True
        return found

    def inside(self, path: Path) -> str | None:
        """A path from the root of the repository, with slashes; None where it is elsewhere."""
        try:
            return path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return None

    def _entries(self, commit: str, path: str) -> list[tuple[str, str, str]]:
        listed = _checked(self.root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", path)
        found = []
        for entry in listed.split(b"\0"):
            if entry:
                head, _, name = entry.partition(b"\t")
                mode, _, blob = head.decode("ascii").split(" ")
                found.append((mode, blob, _path(name)))
        return found

    def _blob(self, blob: str) -> bytes:
        size = int(_checked(self.root, "cat-file", "-s", blob))
        if size > _LARGEST_FILE:
            raise CheckInputError(
                f"A file of the commit has {size:,} bytes", mend="Check smaller files"
            )
        return _checked(self.root, "cat-file", "blob", blob)


def repository_of(folder: Path) -> Repository:
    """The repository that a folder lies in. Raises CheckInputError outside of one."""
    ran = _git(folder, "rev-parse", "--show-toplevel")
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CheckInputError(
            f"{folder.resolve()} is in no git working tree that can be read"
            + (f" (git: {show(said[0][:200])})" if said else ""),
            mend="Run it inside the repository, or name the files instead of --diff-base",
        )
    return Repository(Path(os.fsdecode(ran.stdout.rstrip(b"\n"))))


def _path(raw: bytes) -> str:
    return os.fsdecode(raw)


def _checked(folder: Path, *arguments: str) -> bytes:
    ran = _git(folder, *arguments)
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CheckInputError(
            f"git {arguments[0]} failed in {folder}: {show(said[0][:300]) if said else ''}",
            mend="Run the same git command there, and mend what it says",
        )
    return ran.stdout


def _git(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    # Variables that point git elsewhere (GIT_DIR in a hook) would make it answer for
    # another repository than the folder's; what finds the user's git stays.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        return subprocess.run(
            [*_SAFE, *arguments],
            cwd=folder,
            env={**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise CheckInputError(
            "There is no git here, or no such folder",
            mend="Install git, or name the files instead of --diff-base",
        ) from None
    except subprocess.TimeoutExpired:
        raise CheckInputError(
            f"git {arguments[0]} did not answer within {_SECONDS} seconds",
            mend="Run the same git command by hand",
        ) from None
