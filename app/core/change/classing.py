"""Class rules tried on a few tables by themselves, without an engine.

The same rules as `core.class_rules`, which tries them on a whole lake; a test holds both
to the same answers. What views and copies inherit is added by whoever knows their sources.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

import pyarrow as pa

from app.core import compute as pc
from app.core.class_patterns import whole
from app.core.classes import Classification, ClassRule, NamePattern
from app.core.frozen import frozen
from app.core.lake_view import ClassOnTable
from app.core.names import fold


@frozen
class TableFacts:
    """What rules may ask of a table. Columns are folded."""

    catalog: str
    database: str
    name: str
    owner: str | None = None
    location: str | None = None
    columns: tuple[str, ...] = ()
    properties: Mapping[str, str | None] = field(default_factory=dict)
    database_properties: Mapping[str, str | None] = field(default_factory=dict)


def classes_by_rules(
    tables: Sequence[TableFacts], classification: Classification
) -> list[tuple[ClassOnTable, ...]]:
    """The classes that rules give each table, in the tables' order."""
    found: list[list[ClassOnTable]] = [[] for _ in tables]
    if tables:
        tried = _Tried(tables, classification)
        for rule in classification.rules:
            said = f"{rule.rule} ({rule.file}:{rule.line})"
            for place, column in tried.hits(rule):
                found[place].append(ClassOnTable(rule.data_class, said, column))
    return [tuple(dict.fromkeys(each)) for each in found]


class _Distinct:
    """Texts of some places: each distinct one is tried once."""

    def __init__(self, texts: Iterable[tuple[int, str]]) -> None:
        self._places: dict[str, list[int]] = {}
        for place, text in texts:
            self._places.setdefault(text, []).append(place)
        self._texts = list(self._places)
        self._array = pa.array(self._texts, pa.string())

    def matching(self, patterns: Sequence[NamePattern]) -> list[str]:
        """The distinct texts that one of the patterns matches as a whole."""
        if not self._texts:
            return []
        found = pc.match_substring_regex(self._array, whole(patterns))
        return [self._texts[at] for at, hit in enumerate(found.to_pylist()) if hit]

    def places(self, patterns: Sequence[NamePattern]) -> set[int]:
        """The places whose text one of the patterns matches."""
        return {place for text in self.matching(patterns) for place in self._places[text]}


class _Tried:
    def __init__(self, tables: Sequence[TableFacts], classification: Classification) -> None:
        self._tables = tables
        tags = {fold(name) for name in classification.tag_properties}
        self._columns = _Distinct(
            (place, name) for place, table in enumerate(tables) for name in table.columns
        )
        texts: dict[str, list[str | None]] = {
            "catalogs": [table.catalog for table in tables],
            "databases": [table.database for table in tables],
            "tables": [table.name for table in tables],
            "owners": [table.owner for table in tables],
            "locations": [table.location for table in tables],
        }
        self._texts = {
            field_: _Distinct((place, text) for place, text in enumerate(values) if text)
            for field_, values in texts.items()
        }
        described = [
            (place, key, value or "")
            for place, table in enumerate(tables)
            for some in (table.properties, table.database_properties)
            for key, value in some.items()
        ]
        self._described = described
        self._keys = _Distinct((at, key) for at, (_, key, _) in enumerate(described))
        self._values = _Distinct((at, value) for at, (_, _, value) in enumerate(described))
        self._tags = _Distinct(
            (place, tag.strip())
            for place, key, value in described
            if fold(key) in tags
            for tag in value.split(",")
            if tag.strip()
        )

    def hits(self, rule: ClassRule) -> Iterable[tuple[int, str]]:
        """(place of the table, column or empty) that a rule matches."""
        places = set(range(len(self._tables)))
        for field_, texts in self._texts.items():
            patterns: tuple[NamePattern, ...] = getattr(rule, field_)
            if patterns and places:
                places &= texts.places(patterns)
        for excepted, field_ in (("except_databases", "databases"), ("except_tables", "tables")):
            patterns = getattr(rule, excepted)
            if patterns and places:
                places -= self._texts[field_].places(patterns)
        if rule.properties and places:
            places &= self._with_property(rule)
        if rule.tags and places:
            places &= self._tags.places(rule.tags)
        if not rule.columns:
            return [(place, "") for place in sorted(places)]
        if not places:
            return []
        places &= self._columns.places(rule.columns)
        wanted = set(self._columns.matching(rule.columns)) if places else set()
        return [
            (place, name)
            for place in sorted(places)
            for name in self._tables[place].columns
            if name in wanted
        ]

    def _with_property(self, rule: ClassRule) -> set[int]:
        return {
            self._described[at][0]
            for key, value in rule.properties
            for at in self._keys.places([key]) & self._values.places([value])
        }
