"""What was measured, as docs/performance.md and for the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Measured

_HEADER = ("What", "Ours", "Against", "Ratio", "Bar", "")


@dataclass(frozen=True)
class Report:
    """One run of the benchmarks.

    conditions: words and what there is to say: the date, the machine, the lakes. failed:
    title → why a measurement came to nothing. left_out: those that were not asked for.
    remarks: what a person has to say of the figures, in Markdown.
    """

    conditions: Sequence[tuple[str, str]]
    measured: Sequence[Measured]
    failed: Mapping[str, str]
    left_out: Sequence[str]
    remarks: str = ""

    def markdown(self) -> str:
        """The page."""
        parts = [_INTRODUCTION, _rows(("", ""), self.conditions)]
        parts += ["## Figures", _rows(_HEADER, [_cells(each) for each in self._figures()])]
        parts += [f"**{title}** could not be measured: {why}" for title, why in self._failures()]
        if self.left_out:
            parts.append(f"Not measured in this run: {', '.join(self.left_out)}.")
        if self.remarks:
            parts += ["## Remarks", self.remarks.strip()]
        for measured in self.measured:
            parts += [f"## {measured.title}", *measured.includes]
            for table in measured.tables:
                parts += [f"{table.title}:", _rows(table.header, table.rows)]
        return "\n\n".join(parts) + "\n"

    def text(self) -> str:
        """The figures alone, aligned."""
        rows = [_HEADER, *(_cells(each) for each in self._figures())]
        plain = [[cell.replace("`", "").replace("**", "") for cell in row] for row in rows]
        widths = [max(len(row[place]) for row in plain) for place in range(len(_HEADER))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in plain
        ]
        lines += [f"{title} could not be measured: {why}" for title, why in self._failures()]
        return "\n".join(lines)

    @property
    def missed(self) -> list[Figure]:
        """The figures below their bar."""
        return [each for each in self._figures() if "not" in each.verdict]

    def _figures(self) -> list[Figure]:
        return [figure for measured in self.measured for figure in measured.figures]

    def _failures(self) -> list[tuple[str, str]]:
        return [(title, why.strip().splitlines()[-1]) for title, why in self.failed.items()]


def _cells(figure: Figure) -> tuple[str, ...]:
    bar = "" if figure.bar is None else str(figure.bar)
    return (figure.what, figure.ours, figure.against, figure.ratio, bar, figure.verdict)


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_INTRODUCTION = """# Performance

Written by `python -m benchmarks`; do not edit. Every figure is measured side by side with what
it is compared to, in the same run: each side in a fresh process, in turn (A B A B), and the
medians are compared. Times by themselves say little; the ratios are what is promised.

```sh
python -m benchmarks                     # everything, and this page
python -m benchmarks --only cold         # one measurement, printed
python -m benchmarks --help
```

Lake L has 1,000,000 tables, 10,000,000 grants, 100,000 people, 10,000 nested groups, 5,000 views
and ten columns a table; its recipe, with its share of exposures, stands in
[benchmark-lake.md](benchmark-lake.md)."""
