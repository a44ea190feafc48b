"""The plan of a lake inside DuckDB: its datasets and tables as small integers.

Whatever looks random is a hash of a row's number and a salt, in plain arithmetic of 32
bits: the same on every machine and with every version of DuckDB.
"""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from benchmarks.lakes.size import COMMON_GRANTS, SENSITIVE_SHARE, SPRINKLED_SHARE, LakeSize
from benchmarks.lakes.vocabulary import (
    ADMINISTRATORS,
    CONVENIENCE,
    FAMILIES,
    FIRST_FAMILY_ROLE,
    FIRST_ORDINARY_DATABASE,
    FIRST_ORDINARY_LAYOUT,
    FIRST_ORDINARY_ROLE,
    FORMS,
    ORDINARY_LAYOUTS,
    PUBLIC,
    ROLES_PER_FAMILY,
    SENSITIVE_DATABASES,
    SPRINKLED_LAYOUT,
    STAFF,
    SUBJECTS,
    VIEW_DATABASE,
    Vocabulary,
)

#: 2026-06-15, when the lake is looked at, and how far back roles were granted.
LAST_DAY = 1_781_481_600
YEAR = 365 * 86_400
BATCH_ROWS = 131_072
#: No dataset of these is larger, so that small lakes are like large ones.
LARGEST_SENSITIVE, LARGEST_SPRINKLED = 40, 100

_MACROS = """
CREATE MACRO scatter(x) AS (xor(x, x >> 16) * 73244475) & 4294967295;
CREATE MACRO draw(n, salt) AS scatter(scatter((n * 2654435769 + salt) & 4294967295));
CREATE MACRO chance(n, salt) AS xor(draw(n, salt), draw(n, salt) >> 16) / 4294967296.0;
CREATE MACRO below(n, salt, bound) AS floor(chance(n, salt) * bound)::BIGINT;
-- Skewed: the first numbers come far more often than the last.
CREATE MACRO skewed(n, salt, bound, power) AS floor(pow(chance(n, salt), power) * bound)::BIGINT;
"""


class LakePlan:
    """A DuckDB in memory that holds the plan; `rows` streams what is made from it."""

    def __init__(self, words: Vocabulary, *, memory: str = "1GB", threads: int = 2) -> None:
        self.words = words
        self.size: LakeSize = words.size
        self._connection = duckdb.connect(":memory:")
        self._connection.execute(f"SET memory_limit = '{memory}'")
        self._connection.execute(f"SET threads = {threads}")
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute(_MACROS)
        self._connection.execute(self._datasets())
        self._connection.execute(self._tables())
        self._connection.execute(self._views())

    def rows(self, query: str) -> Iterator[pa.RecordBatch]:
        """Stream the rows of a query, a batch at a time."""
        reader = self._connection.sql(query).to_arrow_reader(BATCH_ROWS)
        yield from (batch for batch in reader if batch.num_rows)

    def salt(self, purpose: str) -> int:
        """See LakeSize.salt."""
        return self.size.salt(purpose)

    def role_code(self, role: str) -> str:
        """SQL for the principal code of a role number."""
        return f"({self.words.first_role} + {role})"

    def _datasets(self) -> str:
        """Datasets: Pareto-distributed sizes, cut where all tables are made.

        The first ones, with about SENSITIVE_SHARE of all tables, are in sensitive databases;
        three of four of those are closed: every role on them is one of its family.
        """
        size, salt = self.size, self.salt
        plain, sensitive = size.plain_tables, self.sensitive_datasets
        cap = max(1, min(LARGEST_SENSITIVE, plain // 8))
        drawn = [n for n, row in enumerate(SENSITIVE_DATABASES) for _ in range(row[3])]
        families = [family for _, family, _, _ in SENSITIVE_DATABASES]
        services = self._service_codes()
        ordinary_roles = size.roles - FIRST_ORDINARY_ROLE
        ordinary_databases = size.databases - FIRST_ORDINARY_DATABASE
        any_role = f"{FIRST_ORDINARY_ROLE} + skewed(d, %d, {ordinary_roles}, 1.6)"
        return f"""
CREATE TEMP TABLE datasets AS
WITH sized AS (
    SELECT range AS d,
        least(if(range < {sensitive}, {cap}, 4000),
            3 / pow(1 - chance(range, {salt("size")}), 0.75))::BIGINT AS wanted
    FROM range({max(plain, 10)})
), placed AS (
    SELECT d, wanted, (sum(wanted) OVER (ORDER BY d) - wanted)::BIGINT AS start FROM sized
    QUALIFY start < {plain}
), kinds AS (
    SELECT d, start, least(wanted, {plain} - start)::BIGINT AS size,
        d < {sensitive} AS sensitive,
        {drawn}[1 + below(d, {salt("sensitive")}, {len(drawn)})] AS special,
        chance(d, {salt("closed")}) < 0.75 AS closed,
        wanted <= {LARGEST_SPRINKLED} AND chance(d, {salt("sprinkled")}) < {SPRINKLED_SHARE}
            AS sprinkled,
        {FIRST_ORDINARY_DATABASE} + skewed(d, {salt("database")}, {ordinary_databases}, 1.7)
            AS ordinary_database
    FROM placed
), owned AS (
    SELECT *,
        if(sensitive, {families}[1 + special], 0) AS family,
        if(sensitive, special, ordinary_database) AS database
    FROM kinds
)
SELECT d, start, size, family, closed AND sensitive AS closed, database,
    CASE WHEN sensitive THEN special WHEN sprinkled THEN {SPRINKLED_LAYOUT}
        ELSE {FIRST_ORDINARY_LAYOUT} + below(d, {salt("layout")}, {ORDINARY_LAYOUTS}) END AS layout,
    CASE WHEN sensitive THEN {services}[family]
        WHEN chance(d, {salt("person")}) < 0.4
            THEN below(d, {salt("creator")}, {size.people})
        ELSE {self.words.first_service} + below(database, {salt("creator")}, {size.services})
    END AS creator,
    if(sensitive, {_family_role("family", "0")},
        {FIRST_ORDINARY_ROLE} + skewed(database, {salt("reader")}, {ordinary_roles}, 1.4))
        AS reader,
    if(sensitive, {_family_role("family", "1")},
        {FIRST_ORDINARY_ROLE} + skewed(database, {salt("writer")}, {ordinary_roles}, 1.1))
        AS writer,
    if(closed AND sensitive, {_family_role("family", f"2 + below(d, {salt('team')}, 4)")},
        {any_role % salt("first role")}) AS first_role,
    CASE WHEN family = 1 AND chance(d, {salt("june")}) < 0.15 THEN {CONVENIENCE}
        WHEN closed AND sensitive THEN {_family_role("family", f"2 + below(d, {salt('other')}, 4)")}
        WHEN chance(d, {salt("public")}) < 0.0008 THEN {PUBLIC}
        WHEN chance(d, {salt("staff")}) < 0.0003 THEN {STAFF}
        ELSE {any_role % salt("second role")} END AS second_role,
    CASE WHEN family = 4 THEN 'service_credentials_' || d
        ELSE {list(SUBJECTS)}[1 + below(d, {salt("subject")}, {len(SUBJECTS)})] || '_'
            || {list(FORMS)}[1 + below(d, {salt("form")}, {len(FORMS)})] || '_' || d END AS name
FROM owned ORDER BY d
"""

    def _tables(self) -> str:
        """Tables: the shards of datasets, a day each, the last ones yesterday's."""
        return f"""
CREATE TEMP TABLE tables AS
SELECT start + k AS id, d, {LAST_DAY} - (size - k) * 86400 + 1800 + d % 3600 AS created,
    size - k AS days_back
FROM (SELECT d, start, size, unnest(range(size)) AS k FROM datasets)
ORDER BY id
"""

    def _views(self) -> str:
        """Views of one, two or three shards of a dataset, or of an earlier view.

        One in fifty reads sensitive data; its second role is its family's in three of four.
        """
        size, salt = self.size, self.salt
        plain, sensitive = size.plain_tables, max(1, int(size.plain_tables * SENSITIVE_SHARE))
        ordinary = size.roles - FIRST_ORDINARY_ROLE
        return f"""
CREATE TEMP TABLE views AS
WITH drawn AS (
    SELECT range AS v, {plain} + range AS id,
        below(range, {salt("view source")}, if(chance(range, {salt("view kind")}) < 0.02,
            {sensitive}, {plain})) AS source,
        1 + skewed(range, {salt("view width")}, 3, 2) AS width,
        if(range > 0 AND chance(range, {salt("view on view")}) < 0.03,
            below(range, {salt("view below")}, range), NULL) AS below_view
    FROM range({size.views})
)
SELECT v, drawn.id, source, least(width, datasets.size - (source - start)) AS width, below_view,
    tables.d, datasets.family, datasets.layout, datasets.creator,
    greatest(tables.created, {LAST_DAY} - 3 * {YEAR}) + 7200 AS created,
    {VIEW_DATABASE} AS database,
    CASE WHEN family = 0 THEN datasets.first_role
        WHEN chance(v, {salt("view closed")}) < 0.75 THEN {_family_role("family", "0")}
        ELSE {FIRST_ORDINARY_ROLE} + below(v, {salt("view reader")}, {ordinary}) END AS reader
FROM drawn JOIN tables ON tables.id = source JOIN datasets ON datasets.d = tables.d
ORDER BY v
"""

    def _service_codes(self) -> list[int]:
        """The creator's code of each family, in order."""
        codes = {name: number for number, name in enumerate(self.words.users)}
        return [codes[family.service] for family in FAMILIES]

    def administrator(self, number: str) -> str:
        """SQL for the code of one of the administrators, who are the last of the people."""
        first = self.size.people - ADMINISTRATORS
        return f"({first} + {number} % {ADMINISTRATORS})"

    def member(self, family: str, number: str) -> str:
        """SQL for the code of a member of a family's group."""
        step = self.size.people // (len(FAMILIES) + 1)
        counts = [min(family.members, step) for family in FAMILIES]
        return f"(({family} - 1) * {step} + {number} % {counts}[{family}])"

    @property
    def sensitive_datasets(self) -> int:
        """How many datasets, the first ones, are sensitive; one holds eight tables or so."""
        return int(self.size.plain_tables * SENSITIVE_SHARE / 8) + 1

    @property
    def extra_grants(self) -> int:
        """Grants beyond those that every table of a dataset has."""
        return self.size.grants - self.size.tables * COMMON_GRANTS


def _family_role(family: str, place: str) -> str:
    """SQL for the number of a family's role: 0 reader, 1 writer, 2 … 5 of its teams."""
    return f"({FIRST_FAMILY_ROLE} + ({family} - 1) * {ROLES_PER_FAMILY} + {place})"
