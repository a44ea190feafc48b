"""Class rules tried on a few tables by themselves, without an engine.

The same rules as `core.class_rules`, which tries them on a whole lake; a test holds both
to the same answers. What views and copies inherit is added by whoever knows their sources.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from app.core.class_patterns import whole
from app.core.classes import Classification, ClassRule, NamePattern
from app.core.lake_view import ClassOnTable
from app.core.names import fold


@dataclass(frozen=True, slots=True)
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


class _Tried:
    def __init__(self, tables: Sequence[TableFacts], classification: Classification) -> None:
        self._tables = tables
        self._tags = {fold(name) for name in classification.tag_properties}
        self._columns = sorted({name for table in tables for name in table.columns})
        self._texts: dict[str, list[str]] = {
            "catalogs": [table.catalog for table in tables],
            "databases": [table.database for table in tables],
            "tables": [table.name for table in tables],
            "owners": [table.owner or "" for table in tables],
            "locations": [table.location or "" for table in tables],
        }

    def hits(self, rule: ClassRule) -> Iterable[tuple[int, str]]:
        """(place of the table, column or empty) that a rule matches."""
        places = set(range(len(self._tables)))
        for field_, values in self._texts.items():
            patterns: tuple[NamePattern, ...] = getattr(rule, field_)
            if patterns and places:
                places &= {place for place in _matching(values, patterns) if values[place]}
        for excepted, field_ in (("except_databases", "databases"), ("except_tables", "tables")):
            patterns = getattr(rule, excepted)
            if patterns and places:
                places -= set(_matching(self._texts[field_], patterns))
        if rule.properties:
            places = {place for place in places if self._has_property(place, rule)}
        if rule.tags:
            places = {place for place in places if self._has_tag(place, rule)}
        if not rule.columns:
            return [(place, "") for place in sorted(places)]
        if not places:
            return []
        wanted = {self._columns[at] for at in _matching(self._columns, rule.columns)}
        return [
            (place, name)
            for place in sorted(places)
            for name in self._tables[place].columns
            if name in wanted
        ]

    def _described(self, place: int) -> list[tuple[str, str]]:
        table = self._tables[place]
        both = (*table.properties.items(), *table.database_properties.items())
        return [(key, value or "") for key, value in both]

    def _has_property(self, place: int, rule: ClassRule) -> bool:
        described = self._described(place)
        keys, values = [key for key, _ in described], [value for _, value in described]
        return any(
            set(_matching(keys, [key])) & set(_matching(values, [value]))
            for key, value in rule.properties
        )

    def _has_tag(self, place: int, rule: ClassRule) -> bool:
        tags = [
            tag.strip()
            for key, value in self._described(place)
            if fold(key) in self._tags
            for tag in value.split(",")
            if tag.strip()
        ]
        return bool(_matching(tags, rule.tags))


def _matching(values: Sequence[str], patterns: Sequence[NamePattern]) -> list[int]:
    if not values:
        return []
    found = pc.match_substring_regex(pa.array(values, pa.string()), whole(patterns))
    places: list[int] = pc.indices_nonzero(found).to_pylist()
    return places
