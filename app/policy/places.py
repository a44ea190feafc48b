"""Where something stands in a policies folder, and errors that name the place."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from app.core.errors import PolicyError
from app.core.names import show

LARGEST_FILE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a policies file; line 0 is the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def error(self, what: str, mend: str) -> PolicyError:
        """The error to raise for this place."""
        return PolicyError(f"{self}: {what}", mend=mend)


def label(folder: Path) -> str:
    """How evidence names a policies folder: as given, without a machine's own path."""
    return folder.name if folder.is_absolute() else folder.as_posix()


def read_text(path: Path, place: Place) -> str:
    """A policies file as text, whatever its line ends. Raises PolicyError."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise place.error("the file is larger than 16 MB", "Split the policies into folders")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as refused:
        line = refused.object[: refused.start].count(b"\n") + 1
        raise Place(place.file, line).error(
            "this line is not UTF-8", "Save the file as UTF-8"
        ) from refused
    except OSError as refused:
        reason = refused.strerror or "it cannot be read"
        raise place.error(
            f"the file cannot be read: {reason}",
            "A policies folder holds model.conf, policy.csv, classes.yaml and severity.yaml; "
            "`lakewarden init` writes one",
        ) from refused
    return text.replace("\r\n", "\n").replace("\r", "\n")


def quoted(text: str) -> str:
    """What somebody wrote, safe to print and not too long."""
    shown = show(text if len(text) <= 80 else f"{text[:77]}...")
    return f"`{shown}`"


def nearest(word: str, known: tuple[str, ...] | list[str]) -> str:
    """`Did you mean …? ` where a known word is close, else nothing."""
    close = get_close_matches(word, known, n=1, cutoff=0.7)
    return f"Did you mean {close[0]}? " if close else ""
