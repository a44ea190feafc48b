"""What an export for CI leaves out: what neither rights nor classes nor checks ask for.

Left out: locations and properties that no class rule looks at, comments' remains, times,
ids of source rows, original view texts. Kept: names, owners, columns, view texts, roles,
memberships, grants with their grantors (Hive lets only the grantor revoke), people and
groups, gaps. So a check in CI answers as the audit does under the same policies.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from app.core.classes import Classification
from app.core.view_names import PROPERTIES as VIEW_PROPERTIES

#: Properties that rights or the reading of views depend on.
_ALWAYS_KEPT = frozenset({"PARTITION_LEVEL_PRIVILEGE", "Authorized", *VIEW_PROPERTIES})

#: Columns that are nulled, whatever the policies. (Locations depend on them.)
_NULLED = {
    "tables": ("create_time",),
    "view_texts": ("original",),
    "roles": ("create_time",),
    "role_members": ("create_time", "source_row"),
    "grants": ("create_time", "source_row"),
}
_LOCATED = ("catalogs", "databases", "tables")


@dataclass(frozen=True, slots=True)
class ExportLimits:
    """What class rules need beyond names and grants."""

    locations: bool
    keeps_property: Callable[[str], bool]

    @classmethod
    def for_classes(cls, classification: Classification) -> "ExportLimits":
        """Keep what the rules of `classes.yaml` look at."""
        tags = {name.casefold() for name in classification.tag_properties}
        keys = [pair[0].regex for rule in classification.rules for pair in rule.properties]
        pattern = r"(?i)\A(?:" + "|".join(f"(?:{key})" for key in keys) + r")\z"

        def keeps(key: str) -> bool:
            if key in _ALWAYS_KEPT or key.casefold() in tags:
                return True
            return bool(keys) and pc.match_substring_regex(pa.scalar(key), pattern).as_py() is True

        return cls(any(rule.locations for rule in classification.rules), keeps)

    def apply(self, name: str, table: pa.Table) -> pa.Table:
        """One table of a snapshot without what the limits leave out; its order stays."""
        if name in ("table_properties", "database_properties"):
            keys = [key for key in table["key"].unique().to_pylist() if key is not None]
            kept = [key for key in keys if self.keeps_property(key)]
            return table.filter(pc.is_in(table["key"], value_set=pa.array(kept, pa.string())))
        nulled = list(_NULLED.get(name, ()))
        if name in _LOCATED and not self.locations:
            nulled.append("location")
        for column in nulled:
            field = table.schema.field(column)
            place = table.schema.get_field_index(column)
            table = table.set_column(place, field, pa.nulls(table.num_rows, field.type))
        return table
