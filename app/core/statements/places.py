"""Where a text stands in its file, also after templates were filled in."""

from bisect import bisect_right

from app.core.frozen import frozen
from app.core.statements.types import Span


class Places:
    """Lines and columns of a file's text. A line ends with its line feed, as editors count."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)

    def span(self, start: int, end: int) -> Span:
        """The span of text[start:end]."""
        line, column = self._at(start)
        end_line, end_column = self._at(end)
        return Span(line, column, end_line, end_column, start, end)

    def _at(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@frozen
class Filled:
    """A variable that was filled in: where its value stands, and where it was written."""

    start: int
    end: int
    source_start: int
    source_end: int


class Rendering:
    """A text whose variables were filled in, which knows where everything came from.

    `base` is what is added to offsets of the source: where a part of a text was rendered.
    """

    def __init__(self, text: str, filled: list[Filled], base: int = 0) -> None:
        self.text = text
        self._filled = filled
        self._starts = [one.start for one in filled]
        self._base = base

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the source of text[start:end]; a variable counts as a whole."""
        if not self._filled:
            return start + self._base, end + self._base
        return self._from(start), max(self._to(end), self._from(start))

    def _from(self, offset: int) -> int:
        number = bisect_right(self._starts, offset) - 1
        while number >= 0 and self._filled[number].end == self._filled[number].start:
            number -= 1  # an empty value: nothing stands in it
        if number < 0:
            return offset + self._base
        one = self._filled[number]
        if offset < one.end:
            return one.source_start + self._base
        return self._after(offset)

    def _after(self, offset: int) -> int:
        """Of an offset that stands in no value."""
        number = bisect_right(self._starts, offset) - 1
        one = self._filled[number]
        return one.source_end + offset - one.end + self._base

    def _to(self, offset: int) -> int:
        number = bisect_right(self._starts, offset - 1) - 1
        if number < 0:
            return offset + self._base
        one = self._filled[number]
        if offset <= one.end:
            return one.source_end + self._base
        return one.source_end + offset - one.end + self._base
