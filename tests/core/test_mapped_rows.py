"""Values of mapped tables are what Arrow says they are, nulls and offsets included."""

import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from app.core import compute
from app.core.mapped_rows import MappedRows

_KINDS: dict[str, tuple[Any, Callable[[random.Random], Any]]] = {
    "text": (pa.string(), lambda chance: chance.choice(["", "a", "é", "long " * 9])),
    "small": (pa.int8(), lambda chance: chance.randrange(-9, 9)),
    "number": (pa.int32(), lambda chance: chance.randrange(-9, 10**6)),
    "long": (pa.int64(), lambda chance: chance.randrange(10**12)),
    "flag": (pa.bool_(), lambda chance: chance.random() < 0.5),
}


@pytest.mark.parametrize("nulls", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_as_arrow_has_them(seed: int, nulls: float) -> None:
    chance = random.Random(f"{seed} {nulls}")
    count = chance.randrange(1, 40)
    table = pa.table(
        {
            name: pa.array(
                [None if chance.random() < nulls else draw(chance) for _ in range(count)], kind
            )
            for name, (kind, draw) in _KINDS.items()
        }
    ).slice(chance.randrange(count))
    rows = MappedRows(table)
    for name in _KINDS:
        values = table[name].to_pylist()
        assert [rows.value(name, row) for row in range(rows.count)] == values
        start = chance.randrange(rows.count)
        for stop in (start, rows.count, rows.count + 3):
            assert rows.slice(name, start, stop) == values[start:stop]
    names = tuple(_KINDS)
    assert [rows.values(names, row) for row in range(rows.count)] == [
        tuple(row.values()) for row in table.to_pylist()
    ]


def test_an_empty_table_has_nothing() -> None:
    rows = MappedRows(pa.table({"text": pa.array([], pa.string())}))
    assert rows.values(("text",), 0) == (None,)
    assert rows.slice("text", 0, 3) == []


def test_functions_are_arrows_own() -> None:
    import pyarrow.compute as pc

    texts = pa.array(["monitoring", None, "plain"])
    for pattern in ("(?i)^MON", "x"):
        ours = compute.match_substring_regex(texts, pattern)
        assert ours == pc.match_substring_regex(texts, pattern)
    assert compute.equal is pc.equal
    with pytest.raises(pa.ArrowInvalid):
        compute.match_substring_regex(texts, "(")
    with pytest.raises(AttributeError):
        compute.no_such_function  # noqa: B018
