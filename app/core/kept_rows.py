"""What questions read is kept for who asks for the same again, up to a bound."""

from typing import TypeVar

#: So many rows of grants, and so many columns, are kept.
_KEPT = 30_000

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Kept(dict[_Key, _Value]):
    """What was read before, up to a bound on its rows; then it begins anew."""

    _rows = 0

    def keep(self, key: _Key, value: _Value, rows: int) -> None:
        """Keep a value of so many rows."""
        self._rows += rows + 1
        if self._rows > _KEPT:
            self.clear()
            self._rows = rows + 1
        self[key] = value
