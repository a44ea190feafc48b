"""The sign of change of what lies in files: a SQLite metastore, a folder of people or policies.

A file is told by its inode, size and time of change (to the nanosecond), so whoever writes
it, or puts another in its place, is noticed. SQLite's log of pages not yet in the file
(`-wal`, `-journal`) belongs to it. Source: sqlite.org/fileformat2, for the names.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.change_signs import Sign, SignReader

_MISSES = ("A file changed so that its size and its time of change stay as they were",)


class FileSigns:
    """Looks at files; implements SignReader. A folder stands for all files in it."""

    def __init__(self, part: str, paths: Callable[[], list[Path]]) -> None:
        self.misses: tuple[str, ...] = _MISSES
        self._part = part
        self._paths = paths

    def sign(self) -> Sign:
        """What the files look like now; a missing one is a look of its own."""
        seen = [_look(file) for path in self._paths() for file in _files(path)]
        return Sign({self._part: tuple(seen)})


@contextmanager
def sqlite_signs(part: str, file: Callable[[], Path]) -> Iterator[SignReader]:
    """The look at a SQLite file and its logs. `file` raises SourceError when there is none."""

    def paths() -> list[Path]:
        main = file()
        return [main, *(main.with_name(main.name + end) for end in ("-wal", "-journal"))]

    yield FileSigns(part, paths)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(each for each in path.rglob("*") if each.is_file())
    return [path]


def _look(path: Path) -> Hashable:
    try:
        found = path.stat()
    except OSError:
        return str(path), None
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns
