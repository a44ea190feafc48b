"""Fetches columns that say few different things together as one text.

Of a row of grants, most of what the driver spends goes by the number of fields. So the
fields of a group (principal, privilege, …) come joined by separators, each distinct text
is taken apart once, and the columns are dictionaries into what was found. The separator
and the mark of a null are made up anew for each read, so no name can hold them.
"""

import secrets

import pyarrow as pa
import pyarrow.compute as pc

from app.core.errors import SourceError
from app.sources.metastore_connection import TYPES, Output


class GroupedOutputs:
    """The outputs of one read: what to select, and how to take the batches apart."""

    def __init__(self, outputs: tuple[Output, ...]) -> None:
        self._outputs = outputs
        self._groups: dict[str, list[Output]] = {}
        for output in outputs:
            if output.group:
                self._groups.setdefault(output.group, []).append(output)
        chance = secrets.token_hex(3)
        self._separator, self._null = f"\x1f{chance}", f"\x1e{chance}"

    @property
    def select(self) -> str:
        """What follows SELECT."""
        parts = [f'{o.expression} AS "{o.name}"' for o in self._outputs if not o.group]
        for group, outputs in self._groups.items():
            parts.append(f'{self._joined(outputs)} AS "group {group}"')
        return ", ".join(parts)

    def _joined(self, outputs: list[Output]) -> str:
        """A group as one text: by the cheapest operator, unless one of it is null."""
        texts = [f"{output.expression}::text" for output in outputs]
        quick = f" || '{self._separator}' || ".join(texts)
        marked = ", ".join(f"coalesce({text}, '{self._null}')" for text in texts)
        return f"coalesce({quick}, concat_ws('{self._separator}', {marked}))"

    def ungroup(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with every output by its own name and type.

        Raises SourceError when a text holds the made-up separator after all.
        """
        columns = {
            output.name: batch.column(output.name).cast(TYPES[output.kind])
            for output in self._outputs
            if not output.group
        }
        for group, outputs in self._groups.items():
            columns |= self._taken_apart(batch.column(f"group {group}"), outputs)
        return pa.RecordBatch.from_pydict({o.name: columns[o.name] for o in self._outputs})

    def _taken_apart(self, texts: pa.Array, outputs: list[Output]) -> dict[str, pa.Array]:
        encoded = texts.dictionary_encode()
        parts = pc.split_pattern(encoded.dictionary, self._separator)
        if not pc.all(pc.equal(pc.list_value_length(parts), len(outputs))).as_py():
            raise SourceError("A name in the metastore cannot be told apart", mend="Crawl again")
        found = {}
        for position, output in enumerate(outputs):
            values = pc.list_element(parts, position)
            values = pc.if_else(pc.equal(values, self._null), None, values)
            if output.kind == "int":
                found[output.name] = values.cast(pa.int64()).take(encoded.indices)
            else:
                found[output.name] = _dictionary(encoded.indices, values)
        return found


def _dictionary(indices: pa.Array, values: pa.Array) -> pa.Array:
    """Rows that point into values, themselves made distinct and without a null."""
    again = values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(again.indices.take(indices), again.dictionary)
