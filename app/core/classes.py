"""Data classes as the policies declare them. Loaded and checked by `policy/`."""

from app.core.frozen import frozen

#: From the most to the least protected.
TIERS = ("restricted", "confidential", "internal", "public")

#: The class of a table that no rule matches. Its tier is its own.
UNCLASSIFIED = "unclassified"


@frozen
class NamePattern:
    """One pattern over a name: RE2 source that must match the whole folded name.

    `written` is what the policy's author wrote (a glob, or `re:` and a regex) and stands
    in evidence; `regex` is what is evaluated.
    """

    written: str
    regex: str


@frozen
class ClassRule:
    """Assigns a class where every given field matches; within a field, any pattern.

    With `columns` it assigns the class to the matching columns, otherwise to the table
    as a whole (every column of it). An empty tuple means: this field is not asked about.
    """

    rule: str  # stable id, unique within classes.yaml
    data_class: str
    file: str
    line: int
    catalogs: tuple[NamePattern, ...] = ()
    databases: tuple[NamePattern, ...] = ()
    tables: tuple[NamePattern, ...] = ()
    columns: tuple[NamePattern, ...] = ()
    owners: tuple[NamePattern, ...] = ()
    locations: tuple[NamePattern, ...] = ()
    # (property key pattern, value pattern), of the table or of its database
    properties: tuple[tuple[NamePattern, NamePattern], ...] = ()
    # values of the comma-separated tag properties named in `tag_properties`
    tags: tuple[NamePattern, ...] = ()
    # databases and tables that the rule leaves out although it matches
    except_databases: tuple[NamePattern, ...] = ()
    except_tables: tuple[NamePattern, ...] = ()


@frozen
class DataClass:
    """A class, its tier and its contract."""

    name: str
    tier: str
    description: str = ""
    max_people: int | None = None  # at most this many people may be able to read a table
    notify: tuple[str, ...] = ()
    file: str = ""
    line: int = 0


@frozen
class Classification:
    """All of `classes.yaml`."""

    classes: tuple[DataClass, ...]
    rules: tuple[ClassRule, ...]
    tag_properties: tuple[str, ...] = ("tags", "tag", "data_tags")

    def tier_of(self, data_class: str) -> str:
        """The tier of a class; `unclassified` for the class of that name."""
        for known in self.classes:
            if known.name == data_class:
                return known.tier
        return UNCLASSIFIED
