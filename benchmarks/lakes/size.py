"""How large a generated lake is. Lake L is scale 1."""

from dataclasses import dataclass
from zlib import crc32

#: What a lake of scale 1 has.
L_TABLES, L_PEOPLE, L_GROUPS, L_ROLES, L_VIEWS, L_DATABASES = (
    1_000_000,
    100_000,
    10_000,
    5_000,
    5_000,
    2_000,
)
GRANTS_PER_TABLE, COLUMNS_PER_TABLE = 10, 10
#: Of every table's grants, how many all tables of its dataset have alike.
COMMON_GRANTS = 8
#: Parts of all tables whose whole database holds sensitive data.
SENSITIVE_SHARE = 0.006
#: Parts of the other datasets that hold customers' data in a column.
SPRINKLED_SHARE = 0.005


@dataclass(frozen=True, slots=True)
class LakeSize:
    """The counts of a lake, and the seed that everything in it follows from."""

    scale: float
    seed: int
    tables: int  # views included
    views: int
    databases: int
    people: int
    services: int
    leavers: int
    groups: int
    roles: int

    @property
    def grants(self) -> int:
        """Grants on tables."""
        return self.tables * GRANTS_PER_TABLE

    @property
    def plain_tables(self) -> int:
        """Tables that are no views; their ids come first."""
        return self.tables - self.views

    def salt(self, purpose: str) -> int:
        """A number of 32 bits for one purpose, so that draws are independent."""
        return crc32(f"{self.seed}:{purpose}".encode())


def lake_size(scale: float = 1.0, seed: int = 2026) -> LakeSize:
    """The size of a lake of this scale; never less than ten tables.

    Raises ValueError for a scale that is not above 0.
    """
    if not scale > 0:
        raise ValueError(f"a scale is above 0, not {scale}")

    def scaled(count: int, least: int) -> int:
        return max(least, round(count * scale))

    tables = scaled(L_TABLES, 10)
    people = scaled(L_PEOPLE, 60)
    return LakeSize(
        scale=scale,
        seed=seed,
        tables=tables,
        views=max(1, min(scaled(L_VIEWS, 1), tables // 10)),
        databases=scaled(L_DATABASES, 16),
        people=people,
        services=max(8, people // 100),
        leavers=max(3, people // 20),
        groups=scaled(L_GROUPS, 12),
        roles=scaled(L_ROLES, 60),
    )
