"""SQL text made from values: literals and lists, quoted once and in one place."""

from collections.abc import Iterable, Sequence


def literal(text: str) -> str:
    """A string as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def numbers(values: Iterable[int]) -> str:
    """Integers with commas between them."""
    return ", ".join(str(int(value)) for value in values)


def among(column: str, values: Sequence[int]) -> str:
    """A condition that a column is one of some integers.

    In this form a reader of sorted files skips what cannot hold them.
    """
    if not values:
        return "false"
    if len(values) == 1:
        return f"{column} = {int(values[0])}"
    listed = ", ".join(f"({int(value)})" for value in values)
    return f"{column} IN (SELECT wanted FROM (VALUES {listed}) AS listed(wanted))"
