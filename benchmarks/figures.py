"""What measurements come to: figures against bars, and what is to be said of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure has to reach; `unit` is `×` for ratios."""

    limit: float
    unit: str = "×"
    at_least: bool = False

    def met_by(self, value: float) -> bool:
        """Whether a figure reaches it."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {amount(self.limit, self.unit)}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: ours against something else, and what is asked of it.

    value: what the bar is about, a ratio unless the bar has another unit. Without a bar
    the line is for information.
    """

    what: str
    ours: str
    against: str
    value: float | None = None
    bar: Bar | None = None

    @property
    def ratio(self) -> str:
        """The value as the table shows it."""
        unit = self.bar.unit if self.bar else "×"
        return "" if self.value is None else amount(self.value, unit)

    @property
    def verdict(self) -> str:
        """Whether the bar is met."""
        if self.bar is None or self.value is None:
            return ""
        return "met" if self.bar.met_by(self.value) else "**not met**"


@dataclass(frozen=True, slots=True)
class Table:
    """A table below the figures, such as where the time goes."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measurement came to."""

    title: str
    figures: Sequence[Figure]
    includes: Sequence[str]  # what is measured and what is not, a paragraph each
    tables: Sequence[Table] = field(default=())


def amount(value: float, unit: str) -> str:
    """A number with its unit: short, never more digits than it is worth."""
    if unit == "×":
        return f"{number(value)}×"
    return f"{number(value)} {unit}"


def number(value: float) -> str:
    """About three digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def seconds(value: float) -> str:
    """A time, in milliseconds where it is short."""
    return f"{value * 1000:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def spread(values: Sequence[float]) -> str:
    """The least and the most of some times."""
    return f"{seconds(min(values))} to {seconds(max(values))}"
