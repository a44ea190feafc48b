"""Whose files a location shows: a table laid over another's folder opens what that holds."""

from posixpath import normpath
from urllib.parse import urlsplit

from app.core import compute as pc
from app.core.snapshots import Snapshot


def table_beside(snapshot: Snapshot, location: str) -> int | None:
    """A table that lies in the folder, around it, or is it; None where none is known to.

    Folders are compared by path: the same files have several schemes and hosts.
    """
    path = _path(location)
    found = snapshot.mapped("tables")["location"]
    if not path:
        return 0 if found.length() else None  # the root holds everything
    wanted = pc.match_substring(found, path)
    for folder in _above(path):
        wanted = pc.or_(wanted, pc.ends_with(found, folder))
        wanted = pc.or_(wanted, pc.ends_with(found, folder + "/"))
    for row in pc.indices_nonzero(pc.fill_null(wanted, False)).to_pylist():
        other = _path(found[row].as_py())
        if other == path or other.startswith(path + "/") or path.startswith(other + "/"):
            return int(row)
    return None


def _path(location: str) -> str:
    """The path of a location, plain: no doubled slashes, no steps back."""
    path = normpath("/" + urlsplit(location.strip()).path.lstrip("/"))
    return "" if path == "/" else path


def _above(path: str) -> list[str]:
    """The folders that a path lies in, the root left out."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) - 1, 1, -1)]
