"""A page of plain text: headings, wrapped sentences, tables, and colour when asked for."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from app.core.names import show
from app.report.mend_phrases import in_lines
from app.report.rendering import Look
from app.report.text_table import display_width, text_table, wrapped

_RESET = "\x1b[0m"
_COLOURS = {
    "heading": "\x1b[1m",
    "SEV0": "\x1b[1;31m",
    "SEV1": "\x1b[31m",
    "SEV2": "\x1b[33m",
    "SEV3": "\x1b[36m",
    "SEV4": "\x1b[2m",
    "warning": "\x1b[1;33m",
    "good": "\x1b[32m",
}


class TextPage:
    """Lines gathered in order. Colour only repeats what the words already say."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._lines: list[str] = []

    def heading(self, text: str) -> None:
        """A heading with a blank line above it."""
        if self._lines:
            self._lines.append("")
        self._lines.append(self._painted(text.upper(), "heading"))

    def sentence(self, text: str, *, paint: str = "", indent: int = 0, hang: int = 0) -> None:
        """A paragraph; its later lines stand `hang` further in than the first."""
        room = max(self._look.width - indent - hang, 20)
        first, *more = wrapped(text, room)
        self._lines.append(" " * indent + self._painted(first, paint))
        self._lines += [" " * (indent + hang) + self._painted(line, paint) for line in more]

    def command(self, text: str, command: str, *, indent: int = 0, paint: str = "") -> None:
        """A sentence that ends in a command, which is never broken: it is there to be copied."""
        whole = show(command + self._look.settings)
        if indent + display_width(f"{text} {whole}") <= self._look.width:
            self.sentence(f"{text} {whole}", indent=indent, paint=paint)
            return
        self.sentence(text, indent=indent, paint=paint)
        self._lines.append(" " * (indent + 2) + whole)

    def statement(self, comments: Iterable[str], sql: Iterable[str], *, indent: int = 0) -> None:
        """SQL to be copied, under its comments; a name in it is never broken, however long."""
        room = max(self._look.width - indent, 20)
        for comment in comments:
            self._lines += [f"{' ' * indent}-- {line}" for line in wrapped(comment, room - 3)]
        for each in sql:
            self._lines += [" " * indent + line for line in in_lines(each, room)]

    def labelled(self, severity: str, text: str) -> None:
        """A severity and what it is about, the lines under one another."""
        first, *more = wrapped(text, max(self._look.width - len(severity) - 2, 20))
        self._lines.append(f"{self._painted(severity, severity)}  {first}")
        self._lines += [" " * (len(severity) + 2) + line for line in more]

    def counts(self, severities: Mapping[str, int]) -> None:
        """Severities and their counts on one line."""
        said = [f"{self._painted(name, name)} {count:,}" for name, count in severities.items()]
        self._lines.append("   ".join(said))

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        numbers: Collection[str] = (),
    ) -> None:
        """A table; a severity in the first column is painted as one."""
        table = text_table(columns, rows, self._look.width, numbers=numbers)
        self._lines += [self._severity_painted(line) for line in table.splitlines()]

    def text(self) -> str:
        """All of it."""
        return "".join(line + "\n" for line in self._lines)

    def _severity_painted(self, line: str) -> str:
        label = line[:4]
        if label in _COLOURS and line[4:5] in (" ", ""):
            return self._painted(label, label) + line[4:]
        return line

    def _painted(self, text: str, paint: str) -> str:
        if not self._look.colour or paint not in _COLOURS:
            return text
        return f"{_COLOURS[paint]}{text}{_RESET}"
