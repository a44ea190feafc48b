"""What a lake consists of, as queries over its plan; every name is still a code."""

from math import gcd

from benchmarks.lakes.plan import LAST_DAY, YEAR, LakePlan
from benchmarks.lakes.size import COLUMNS_PER_TABLE, COMMON_GRANTS
from benchmarks.lakes.vocabulary import (
    ADMIN,
    ADMINISTRATORS,
    CONVENIENCE,
    ETL_SERVICES,
    FAMILIES,
    FIRST_FAMILY_ROLE,
    FIRST_ORDINARY_ROLE,
    PUBLIC,
    ROLES_PER_FAMILY,
    STAFF,
    UNKNOWN_NAMES,
)

#: Roles that each person has directly, on average, twice the same ones counted once.
ROLES_PER_PERSON = 6
#: All but one table in 32.
_EXTERNAL = "id & 31 <> 0"


def tables() -> str:
    """Tables that are no views: id, database, name, creator, created, external or not."""
    return f"""
SELECT id, database, name || '_' || strftime(DATE '2026-06-15' - days_back::INTEGER, '%Y%m%d')
    AS table_name, creator, created, {_EXTERNAL} AS external
FROM tables JOIN datasets USING (d)"""


def properties() -> dict[str, str]:
    """Keys of table properties, each with the tables that have it and its values."""
    return {
        "EXTERNAL": f"SELECT id, 'TRUE' AS value FROM tables WHERE {_EXTERNAL}",
        "team": "SELECT id, 'team_' || d % 997 AS value FROM tables WHERE d % 4 = 0",
    }


def columns() -> str:
    """Columns of tables that are no views: table id, row of the column dictionary, position."""
    return f"""
SELECT id, layout * {COLUMNS_PER_TABLE} + position AS code, position
FROM (SELECT id, layout, unnest(range({COLUMNS_PER_TABLE})) AS position
    FROM tables JOIN datasets USING (d))"""


def views() -> str:
    """Views, and for each of their sources its database and name."""
    return """
SELECT v, views.id, below_view, width, views.layout, views.creator, views.created,
    datasets.database AS source_database, datasets.name AS source_name,
    tables.days_back AS days_back
FROM views JOIN tables ON tables.id = source JOIN datasets ON datasets.d = tables.d
ORDER BY v"""


def common_grants(plan: LakePlan) -> str:
    """Eight grants of every table, the same for all of a dataset.

    The creator's four, its database's reader and writer, and two more roles: the first
    granted by the creator, the second by an administrator.
    """
    role, salt = plan.role_code, plan.salt
    other = f"{FIRST_ORDINARY_ROLE} + below(v, {salt('view role')}, "
    other += f"{plan.size.roles - FIRST_ORDINARY_ROLE})"
    return f"""
WITH common AS (
    SELECT id, created, creator, reader, writer, first_role, second_role, d
    FROM tables JOIN datasets USING (d)
    UNION ALL
    SELECT id, views.created, views.creator, views.reader, writer, views.reader,
        if(views.family > 0, views.reader, {other}), d
    FROM views JOIN datasets USING (d)
)
SELECT id,
    CASE slot WHEN 4 THEN {role("reader")} WHEN 5 THEN {role("writer")}
        WHEN 6 THEN {role("first_role")} WHEN 7 THEN {role("second_role")}
        ELSE creator END AS principal,
    CASE WHEN slot < 4 THEN slot WHEN slot = 5 THEN 1 ELSE 0 END AS privilege,
    slot < 4 AS grant_option,
    if(slot = 7, {plan.administrator("d")}, creator) AS grantor,
    if(slot < 4, created, created + 3600 * (slot - 3) + d % 1800) AS granted,
    'SQL' AS authorizer,
    id * {COMMON_GRANTS} + slot + 1 AS source_row
FROM (SELECT *, unnest(range({COMMON_GRANTS})) AS slot FROM common)"""


def extra_grants(plan: LakePlan) -> str:
    """The long tail: single grants on a quarter of the tables, the first of them far more.

    On tables that are closed they go to members of the group the data is kept for.
    """
    size, salt, words = plan.size, plan.salt, plan.words
    count, candidates = plan.extra_grants, max(1, size.plain_tables // 4)
    step = _coprime(7_919, size.plain_tables)
    ordinary_roles = size.roles - FIRST_ORDINARY_ROLE
    return f"""
WITH drawn AS (
    SELECT range AS i, chance(range, {salt("who")}) AS who, chance(range, {salt("what")}) AS what,
        chance(range, {salt("how")}) AS how,
        (skewed(range, {salt("extra table")}, {candidates}, 2) * {step} + 13)
            % {size.plain_tables} AS id
    FROM range({count})
)
SELECT id,
    CASE WHEN closed THEN {plan.member("family", f"below(i, {salt('member')}, 1000)")}
        WHEN who < 0.85 THEN below(i, {salt("reading person")}, {size.people})
        WHEN who < 0.90 THEN {words.first_service} + below(i, {salt("service")}, {size.services})
        WHEN who < 0.985 THEN {plan.role_code(str(FIRST_ORDINARY_ROLE))}
            + skewed(i, {salt("extra role")}, {ordinary_roles}, 1.6)
        WHEN who < 0.995 THEN {words.first_leaver} + below(i, {salt("leaver")}, {size.leavers})
        ELSE {words.first_unknown} + below(i, {salt("unknown")}, {UNKNOWN_NAMES})
    END AS principal,
    CASE WHEN closed OR what < 0.85 THEN 0 WHEN what < 0.95 THEN 1 WHEN what < 0.9978 THEN 2
        WHEN what < 0.9998 THEN 4 ELSE 5 END AS privilege,
    how < 0.02 AND NOT closed AS grant_option,
    if(how > 0.8, {plan.administrator("i")}, creator) AS grantor,
    created + below(i, {salt("when")}, greatest(1, {LAST_DAY} - created)) AS granted,
    CASE WHEN how BETWEEN 0.1 AND 0.105 THEN NULL ELSE 'SQL' END AS authorizer,
    {size.tables * COMMON_GRANTS} + i + 1 AS source_row
FROM drawn JOIN tables USING (id) JOIN datasets USING (d)"""


def database_grants(plan: LakePlan) -> str:
    """A row of the old mode for the reader of every second database; without effect."""
    return f"""
SELECT database, {plan.role_code("min(reader)")} AS principal,
    {LAST_DAY} - 5 * {YEAR} + database AS granted
FROM datasets WHERE database % 2 = 0 GROUP BY database"""


def memberships(plan: LakePlan) -> str:
    """Members of roles: member's code, role's number, admin option, since."""
    size, salt, words = plan.size, plan.salt, plan.words
    ordinary = size.roles - FIRST_ORDINARY_ROLE
    # A role of a block of ten may have one before it in the block; a block's first role
    # may have the first of its hundred. So nesting stays narrow and at most eleven deep.
    return f"""
WITH people AS (
    SELECT DISTINCT range // {ROLES_PER_PERSON} AS member,
        {FIRST_ORDINARY_ROLE} + skewed(range, {salt("membership")}, {ordinary}, 2.5) AS role,
        0 AS option
    FROM range({size.people * ROLES_PER_PERSON})
), staff AS (
    SELECT range AS member, {STAFF} AS role, 0 AS option FROM range({size.people})
    WHERE chance(range, {salt("staff member")}) < 0.95
), family AS (
    SELECT {plan.member("f", "j")} AS member,
        {FIRST_FAMILY_ROLE} + (f - 1) * {ROLES_PER_FAMILY} + place AS role, 0 AS option
    FROM (SELECT unnest(range(1, {len(FAMILIES) + 1})) AS f),
        (SELECT unnest(range(130)) AS j), (SELECT unnest([0, 2, 3, 4, 5]) AS place)
    WHERE place = 0 OR j % 3 = place % 3
), writers AS (
    SELECT unnest({_service_list(plan)}) AS member,
        unnest({_writer_roles()}) AS role, 0 AS option
), admins AS (
    SELECT {plan.administrator("range")} AS member, {ADMIN} AS role, 1 AS option
    FROM range({min(ADMINISTRATORS, size.people)})
), leavers AS (
    SELECT {words.first_leaver} + range AS member,
        {FIRST_ORDINARY_ROLE} + below(range, {salt("leaver role")}, {ordinary}) AS role, 0 AS option
    FROM range({size.leavers}) WHERE range % 10 = 0
), nested AS (
    SELECT {plan.role_code(str(FIRST_ORDINARY_ROLE))} + r AS member,
        {FIRST_ORDINARY_ROLE} + CASE WHEN r % 10 > 0 THEN r - 1 - below(r, {salt("nest")}, r % 10)
            ELSE r - r % 100 END AS role, 0 AS option
    FROM (SELECT unnest(range({ordinary})) AS r)
    WHERE if(r % 10 > 0, chance(r, {salt("nested")}) < 0.5,
        r % 100 > 0 AND chance(r, {salt("nested")}) < 0.3)
), june AS (
    SELECT {plan.role_code(str(PUBLIC))} AS member, {CONVENIENCE} AS role, 0 AS option
), every AS (
    SELECT * FROM people UNION ALL SELECT * FROM staff UNION ALL SELECT DISTINCT * FROM family
    UNION ALL SELECT DISTINCT * FROM writers UNION ALL SELECT DISTINCT * FROM admins
    UNION ALL SELECT * FROM leavers UNION ALL SELECT * FROM nested UNION ALL SELECT * FROM june
)
SELECT row_number() OVER (ORDER BY role, member) AS source_row, member, role, option = 1 AS option,
    if(role = {CONVENIENCE}, {LAST_DAY} - 6 * 86400,
        {LAST_DAY} - 86400 * (7 + below(member * 7 + role, {salt("since")}, 1800))) AS since
FROM every ORDER BY role, member"""


def group_members(plan: LakePlan) -> str:
    """Members of groups: member's code (a group's is below zero), group's number.

    Everybody is in one group of the tree and in up to three more.
    """
    size, salt = plan.size, plan.salt
    root = len(FAMILIES) + 1
    tree = size.groups - root
    home = f"{root} + {tree} - 1 - skewed(p, {salt('home')}, {max(1, tree * 7 // 8)}, 1.3)"
    return f"""
SELECT p AS member, {home} AS team FROM (SELECT unnest(range({size.people})) AS p)
UNION
SELECT p, {root} + below(p * 3 + k, {salt("also")}, {tree})
FROM (SELECT p, unnest(range(3)) AS k FROM (SELECT unnest(range({size.people})) AS p))
WHERE chance(p * 3 + k, {salt("more")}) < 0.6
UNION
SELECT {plan.member("f", "j")}, f - 1
FROM (SELECT f, unnest(range(130)) AS j
    FROM (SELECT unnest(range(1, {len(FAMILIES) + 1})) AS f))
UNION
SELECT {plan.administrator("range")}, {root - 1} FROM range({min(ADMINISTRATORS, size.people)})
UNION
SELECT -1 - ({root} + g), {root} + (g - 1) // 8 FROM (SELECT unnest(range(1, {tree})) AS g)
ORDER BY team, member"""


def _service_list(plan: LakePlan) -> list[int]:
    codes = {name: number for number, name in enumerate(plan.words.users)}
    return [codes[family.service] for family in FAMILIES] + [codes[ETL_SERVICES[0]]]


def _writer_roles() -> list[int]:
    writers = [FIRST_FAMILY_ROLE + n * ROLES_PER_FAMILY + 1 for n in range(len(FAMILIES))]
    return [*writers, FIRST_FAMILY_ROLE + 1]


def _coprime(step: int, count: int) -> int:
    """The least number from `step` on that shares no factor with `count`."""
    while gcd(step, count) > 1:
        step += 1
    return step
