"""The directory `csv:DIR`: users.csv, groups.csv and memberships.csv in one folder.

Columns: `user,kind,active` (kind person or service; active true, false, yes, no, 1 or 0),
`group`, and `member_type,member,group` (member_type user or group). Names are taken as
written, case and spaces and all.
"""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TypeVar

from app.core.change_signs import PEOPLE, SignReader
from app.core.errors import DirectoryError
from app.core.facts import Facts, Progress, no_progress
from app.core.names import show
from app.sources.arrow_batches import fact_rows
from app.sources.file_signs import FileSigns

_ACTIVE = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_KINDS = ("person", "service")
_MEMBER_TYPES = ("user", "group")

_Row = tuple[int, list[str]]
_Key = TypeVar("_Key")


def open_csv_directory(url: str) -> "CsvDirectory":
    """`csv:DIR`, absolute or relative to the working folder. Raises DirectoryError."""
    folder = url.partition(":")[2]
    if not folder:
        raise DirectoryError("csv: names no folder", mend="Write csv:DIR")
    return CsvDirectory(Path(folder))


class CsvDirectory:
    """People, services, groups and memberships from three files.

    Implements facts.Source and ChangeSign.
    """

    def __init__(self, folder: Path) -> None:
        self.label = f"csv:{folder}"
        self._folder = folder

    def signs(self) -> AbstractContextManager[SignReader]:
        """How the folder's files look."""
        return nullcontext(FileSigns(PEOPLE, lambda: [self._folder]))

    def crawl(self, progress: Progress = no_progress) -> Iterator[Facts]:
        """Yield users, groups, group_members and gaps.

        Raises DirectoryError naming file, line and mend for whatever cannot be read. A
        missing groups.csv or memberships.csv and a group that only memberships name are
        gaps: the groups stay, of unknown size.
        """
        if not self._folder.is_dir():
            raise DirectoryError(f"There is no folder {self._folder}", mend="Write csv:DIR")
        gaps: list[tuple[str, str, str]] = []
        users = _users(self._folder / "users.csv")
        if not users:
            gaps.append(("", "users.csv lists nobody", "How many people a right reaches"))
        progress("users", len(users), len(users))
        yield fact_rows("users", [(name, kind, active) for name, (kind, active) in users.items()])

        groups = _optional(self._folder / "groups.csv", _groups, gaps)
        yield fact_rows("groups", [(name,) for name in groups])

        members = _optional(self._folder / "memberships.csv", _memberships, gaps)
        gaps += _unlisted_groups(groups, members)
        progress("memberships", len(members), len(members))
        yield fact_rows("group_members", list(members))
        yield fact_rows("gaps", [("directory", *gap) for gap in gaps])


def _users(path: Path) -> dict[str, tuple[str, bool]]:
    users: dict[str, tuple[str, bool]] = {}
    for line, (name, kind, active) in _rows(path, ["user", "kind", "active"]):
        is_active = _ACTIVE.get(active.strip().lower())
        kind = kind.strip().lower()
        if kind not in _KINDS:
            raise _bad(path, line, f"{show(kind)!r} is no kind of user", "Kinds: person, service")
        if is_active is None:
            mend = f"Write one of {', '.join(_ACTIVE)}"
            raise _bad(path, line, f"active is {show(active)!r}", mend)
        if users.setdefault(name, (kind, is_active)) != (kind, is_active):
            raise _bad(
                path,
                line,
                f"user {show(name)} is listed before with another kind or activity",
                "Keep one of the lines",
            )
    return users


def _groups(path: Path) -> dict[str, None]:
    return {name: None for _, (name,) in _rows(path, ["group"])}


def _memberships(path: Path) -> dict[tuple[str, str, str], None]:
    members: dict[tuple[str, str, str], None] = {}
    for line, (member_type, member, group) in _rows(path, ["member_type", "member", "group"]):
        if member_type not in _MEMBER_TYPES:
            member_type = member_type.strip().lower()
        if member_type not in _MEMBER_TYPES:
            said = f"{show(member_type)!r} is no type of member"
            raise _bad(path, line, said, "Types: user, group")
        members[member_type, member, group] = None
    return members


def _unlisted_groups(
    groups: dict[str, None], members: dict[tuple[str, str, str], None]
) -> list[tuple[str, str, str]]:
    named = {group for _, _, group in members}
    named.update(member for kind, member, _ in members if kind == "group")
    return [
        (
            f"group:{name}",
            "memberships.csv names it and groups.csv does not",
            "Who else is in this group; it counts as everyone",
        )
        for name in sorted(named - groups.keys())
    ]


def _optional(
    path: Path, read: Callable[[Path], dict[_Key, None]], gaps: list[tuple[str, str, str]]
) -> dict[_Key, None]:
    if path.exists():
        return read(path)
    gaps.append(("", f"{path.name} is missing", "Who is in which group"))
    return {}


def _rows(path: Path, header: list[str]) -> Iterator[_Row]:
    """Numbered rows after the header; every field is there and none is empty."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    width = len(header)
    try:
        first = next(reader, [])
        if [name.strip().lower() for name in first] != header:
            said = f"the header is {show(','.join(first))!r}"
            raise _bad(path, 1, said, f"Write {','.join(header)}")
        for row in reader:
            if len(row) != width or not all(row):
                if not row:
                    continue
                said = f"{len(row)} fields" if len(row) != width else "an empty field"
                mend = f"Every line has {width} fields: {','.join(header)}"
                raise _bad(path, reader.line_num, said, mend)
            yield reader.line_num, row
    except csv.Error as error:
        raise _bad(path, reader.line_num, str(error), "Quote fields as RFC 4180 says") from None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DirectoryError(
            f"{path} cannot be read: {error.strerror}",
            mend="The folder holds users.csv, groups.csv and memberships.csv",
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _bad(path, line, "a byte that is not UTF-8", "Save the file as UTF-8") from None


def _bad(path: Path, line: int, what: str, mend: str) -> DirectoryError:
    return DirectoryError(f"{path}, line {line}: {what}", mend=mend)
