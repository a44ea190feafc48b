"""Class rules tried on tables and columns: who matches which rule directly.

Patterns are RE2, tried on whole names, without regard to case (names of catalogs,
databases, tables and columns are folded by Hive; owners, locations, property keys and
values and tags are not, but a class must not depend on how somebody typed them).

Names that repeat (databases, columns, owners, property keys, tags) are tried once per
distinct value; columns are then found by the number of their name. Table names and
locations are tried in the engine: once with everything that any rule asks for, and only
what is left with each rule's own patterns.
"""

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from app.core.class_marks import Extent, mark_tables
from app.core.class_patterns import RULE, check_patterns, matching, one_array, rule_values, whole
from app.core.classes import Classification, ClassRule, NamePattern
from app.core.engine import Engine
from app.core.sql_text import literal, numbers


def match_rules(engine: Engine, classification: Classification, extent: Extent) -> None:
    """Make the temp table `table_classes` of what the rules match, nothing inherited."""
    check_patterns(classification)
    _Matcher(engine, classification, extent).run()


def _asks_database(rule: ClassRule) -> bool:
    return bool(rule.catalogs or rule.databases or rule.except_databases)


def _asks_table(rule: ClassRule) -> bool:
    """Whether a rule asks about more of a table than its columns."""
    return bool(
        _asks_database(rule)
        or rule.tables
        or rule.owners
        or rule.locations
        or rule.properties
        or rule.tags
        or rule.except_tables
    )


class _Matcher:
    """One run of the rules over one extent."""

    def __init__(self, engine: Engine, classification: Classification, extent: Extent) -> None:
        self.engine = engine
        self.extent = extent
        self.rules = dict(enumerate(classification.rules))
        self.tag_properties = classification.tag_properties
        names = [one.name for one in classification.classes]
        self.class_of = {
            number: names.index(rule.data_class) for number, rule in self.rules.items()
        }
        # rules that something here may match: what asks for a name that is nowhere is left out
        self.possible = set(self.rules)
        # every distinct set of patterns over table names and over locations, numbered
        self.name_sets: dict[str, int] = {}
        self.location_sets: dict[str, int] = {}

    def run(self) -> None:
        """Fill `table_classes`."""
        self.engine.run(
            "CREATE OR REPLACE TEMP TABLE table_classes (table_ordinal INTEGER, class SMALLINT, "
            "rule SMALLINT, column_name INTEGER, inherited_from INTEGER)"
        )
        self._classes()
        if not self.rules:
            return
        self._databases()
        self._owners()
        mark_tables(self.engine, self.rules, self.extent, self.tag_properties)
        self._column_hits()
        self._free_column_rules()
        others = {
            n: rule
            for n, rule in self.rules.items()
            if n in self.possible and (_asks_table(rule) or not rule.columns)
        }
        by_hits = {n: rule for n, rule in others.items() if rule.columns and not rule.tables}
        self._rules_on_tables({n: rule for n, rule in others.items() if n not in by_hits})
        self._rules_on_tables(by_hits)

    def _give(self, name: str, column: str, kind: pa.DataType, rows: list[tuple[int, int]]) -> None:
        self.engine.give(
            name,
            pa.table(
                {
                    "rule": pa.array([rule for rule, _ in rows], RULE),
                    column: pa.array([value for _, value in rows], kind),
                }
            ),
        )

    def _only(self, asking: Iterable[int], found: Iterable[tuple[int, int]]) -> None:
        """Of the rules asking for something, only those that found it are possible."""
        self.possible -= set(asking) - {rule for rule, _ in found}

    def _databases(self) -> None:
        """`class_databases`: for each rule that asks, the databases that it accepts."""
        asking = {number: rule for number, rule in self.rules.items() if _asks_database(rule)}
        rows: list[tuple[int, int]] = []
        if asking:
            found = self.engine.query(f"SELECT ordinal, catalog, name FROM {self.extent.databases}")
            ordinals = found["ordinal"].to_pylist()
            catalogs = one_array(found["catalog"])
            names = one_array(found["name"])
            in_catalog = matching(
                catalogs, {n: r.catalogs for n, r in asking.items() if r.catalogs}
            )
            by_name = matching(names, {n: r.databases for n, r in asking.items() if r.databases})
            left_out = matching(
                names, {n: r.except_databases for n, r in asking.items() if r.except_databases}
            )
            everything = range(len(ordinals))
            for number in asking:
                accepted = set(in_catalog.get(number, everything))
                accepted &= set(by_name.get(number, everything))
                accepted -= set(left_out.get(number, ()))
                rows += [(number, ordinals[position]) for position in sorted(accepted)]
            self._only(asking, rows)
        self._give("class_databases", "database", pa.int32(), rows)

    def _owners(self) -> None:
        """`class_owners`: for each rule that asks, the owners that it accepts."""
        asking = {number: rule.owners for number, rule in self.rules.items() if rule.owners}
        if not asking:
            return
        found = self.engine.query(
            f"SELECT DISTINCT owner FROM {self.extent.tables} WHERE owner IS NOT NULL"
        )
        owners = one_array(found["owner"])
        names = owners.to_pylist()
        hits = matching(owners, asking)
        self._only(asking, [(rule, place) for rule, places in hits.items() for place in places])
        self.engine.give("class_owners", rule_values(hits, names, "owner"))

    def _column_hits(self) -> None:
        """`class_hits`: (table, rule, name) of columns that match a rule's columns."""
        asking = {number: rule.columns for number, rule in self.rules.items() if rule.columns}
        rows: list[tuple[int, int]] = []
        if asking:
            found = self.engine.query(self._column_names())
            ordinals = found["ordinal"].to_pylist()
            hits = matching(one_array(found["name"]), asking)
            rows = [(rule, ordinals[at]) for rule, places in hits.items() for at in places]
            self._only(asking, rows)
        self._give("class_column_names", "name", pa.int32(), rows)
        self.engine.run(
            "CREATE OR REPLACE TEMP TABLE class_hits AS "
            f'SELECT DISTINCT c."table", n.rule, c.name FROM {self.extent.columns} AS c '
            "JOIN class_column_names AS n ON n.name = c.name"
        )

    def _column_names(self) -> str:
        if self.extent.columns == "columns":
            return "SELECT ordinal, name FROM column_names"
        return (
            "SELECT ordinal, name FROM column_names "
            f"WHERE ordinal IN (SELECT name FROM {self.extent.columns})"
        )

    def _classes(self) -> None:
        """`class_of_rule`: the class that each rule assigns."""
        self.engine.give(
            "class_of_rule",
            pa.table(
                {
                    "rule": pa.array(self.class_of.keys(), RULE),
                    "class": pa.array(self.class_of.values(), pa.int16()),
                }
            ),
        )

    def _free_column_rules(self) -> None:
        """Rules about columns of any table."""
        free = [n for n, rule in self.rules.items() if rule.columns and not _asks_table(rule)]
        if free:
            self.engine.run(
                'INSERT INTO table_classes SELECT h."table", r.class, h.rule, h.name, NULL '
                "FROM class_hits AS h JOIN class_of_rule AS r ON r.rule = h.rule "
                f"WHERE h.rule IN ({numbers(free)})"
            )

    def _rules_on_tables(self, rules: Mapping[int, ClassRule]) -> None:
        """Rules that ask about the table, over the tables that they could match."""
        if not rules:
            return
        self.name_sets.clear()
        self.location_sets.clear()
        conditions = {number: self._condition(number, rule) for number, rule in rules.items()}
        columns = ["ordinal", "database", "owner"]
        for asked, sets, value, prefix in (
            ("named", self.name_sets, "name", "n"),
            ("located", self.location_sets, "location", "l"),
        ):
            columns += [
                f"CASE WHEN {asked} THEN regexp_matches({value}, {literal(regex)}) "
                f"ELSE false END AS {prefix}{number}"
                for regex, number in sets.items()
            ]
        names = [one for rule in rules.values() for one in (*rule.tables, *rule.except_tables)]
        locations = [one for rule in rules.values() for one in rule.locations]
        self.engine.run(
            f"CREATE OR REPLACE TEMP TABLE class_candidates AS SELECT {', '.join(columns)} "
            f"FROM (SELECT *, {_tried('name', names)} AS named, "
            f"{_tried('location', locations)} AS located FROM {self.extent.tables}) AS tried "
            f"WHERE {_candidates(rules)}"
        )
        matched = [
            self._matched(number, rule, conditions[number]) for number, rule in rules.items()
        ]
        self.engine.run(f"INSERT INTO table_classes {' UNION ALL '.join(matched)}")

    def _matched(self, number: int, rule: ClassRule, condition: str) -> str:
        values = f"{self.class_of[number]}, {number}"
        if not rule.columns:
            return f"SELECT c.ordinal, {values}, NULL, NULL FROM class_candidates AS c {condition}"
        return (
            f"SELECT c.ordinal, {values}, h.name, NULL FROM class_hits AS h "
            f'JOIN class_candidates AS c ON c.ordinal = h."table" AND h.rule = {number} {condition}'
        )

    def _condition(self, number: int, rule: ClassRule) -> str:
        """What a candidate must fulfil for a rule."""
        asked = []
        if rule.tables:
            asked.append(f"c.n{_number(self.name_sets, whole(rule.tables))}")
        if rule.except_tables:
            asked.append(f"NOT c.n{_number(self.name_sets, whole(rule.except_tables))}")
        if rule.locations:
            asked.append(f"c.l{_number(self.location_sets, whole(rule.locations))}")
        if _asks_database(rule):
            asked.append(
                f"c.database IN (SELECT database FROM class_databases WHERE rule = {number})"
            )
        if rule.owners:
            asked.append(f"c.owner IN (SELECT owner FROM class_owners WHERE rule = {number})")
        for field in ("properties", "tags"):
            if getattr(rule, field):
                asked.append(_marked(f"rule = {number} AND field = '{field}'"))
        return "WHERE " + " AND ".join(asked) if asked else ""


def _tried(column: str, patterns: Sequence[NamePattern]) -> str:
    if not patterns:
        return "false"
    return f"coalesce(regexp_matches({column}, {literal(whole(patterns))}), false)"


def _candidates(rules: Mapping[int, ClassRule]) -> str:
    """A condition that every table matched by one of the rules fulfils."""
    by_hits: list[int] = []
    by_database: list[int] = []
    found = set()
    for number, rule in rules.items():
        if rule.tables:
            found.add("named")
        elif rule.columns:
            by_hits.append(number)
        elif rule.locations:
            found.add("located")
        elif rule.owners:
            found.add("owner IN (SELECT owner FROM class_owners)")
        elif rule.properties or rule.tags:
            found.add(_marked("true", "ordinal", "database"))
        elif _asks_database(rule):
            by_database.append(number)
        else:
            return "true"
    if by_hits:
        found.add(f'ordinal IN (SELECT "table" FROM class_hits WHERE rule IN ({numbers(by_hits)}))')
    if by_database:
        found.add(
            "database IN (SELECT database FROM class_databases "
            f"WHERE rule IN ({numbers(by_database)}))"
        )
    return " OR ".join(sorted(found))


def _marked(where: str, ordinal: str = "c.ordinal", database: str = "c.database") -> str:
    return (
        f'({ordinal} IN (SELECT "table" FROM class_marks WHERE {where} AND "table" IS NOT NULL) '
        f"OR {database} IN (SELECT database FROM class_marks "
        f"WHERE {where} AND database IS NOT NULL))"
    )


def _number(sets: dict[str, int], regex: str) -> int:
    return sets.setdefault(regex, len(sets))
