"""Exposures: access that people have and policy does not allow, as rows.

One row per object and right. `kinds` holds every kind that applies, the gravest first;
`kind` is that one. The identity is made of lake, scope, object and right only, so it
survives growth, shrinkage and re-crawls.
"""

import hashlib

import pyarrow as pa

from app.core.frozen import frozen

EVERYONE = "everyone"
NOT_ALLOWED = "not-allowed"
OVER_HEAD_COUNT = "over-head-count"
UNCLASSIFIED_OPEN = "unclassified"
CAN_MAKE_THEMSELVES = "can-make-themselves"
CAN_DELEGATE = "can-delegate"
AUTHORIZATION_OFF = "authorization-off"
LEAVER = "leaver"
UNKNOWN_PRINCIPAL = "unknown-principal"
BELIEVES_ANY_NAME = "believes-any-name"
SKIPS_CHECKS = "skips-checks"
OPEN_METASTORE = "open-metastore"
MODES_DIFFER = "modes-differ"

KINDS = {
    AUTHORIZATION_OFF: "the lake checks nothing: everybody can do everything",
    EVERYONE: "open to everyone, and policy does not allow everyone",
    NOT_ALLOWED: "people can, and policy does not allow them",
    OVER_HEAD_COUNT: "more people can than the class's contract allows",
    UNCLASSIFIED_OPEN: "open to everyone, and no class says what it holds",
    CAN_DELEGATE: "people can pass the access on, and policy does not allow them",
    CAN_MAKE_THEMSELVES: "people cannot as things stand, but can give themselves the access",
    LEAVER: "an inactive user still holds grants or roles",
    UNKNOWN_PRINCIPAL: "a name that the directory does not know holds grants or roles",
    BELIEVES_ANY_NAME: "HiveServer2 believes whatever name a client gives, an administrator's too",
    SKIPS_CHECKS: "users for whom HiveServer2 checks nothing",
    OPEN_METASTORE: "whoever reaches the metastore may change grants there without a name",
    MODES_DIFFER: "HiveServer2 and the metastore are set to decide differently",
}

#: Kinds of scope `lake` that the settings of the lake's own parts are found to be.
SETTING_KINDS = (BELIEVES_ANY_NAME, SKIPS_CHECKS, OPEN_METASTORE, MODES_DIFFER)

#: What an exposure is about: a table, a principal, or the lake itself.
SCOPES = ("table", "principal", "lake")

STATUSES = ("baseline", "opened", "grown", "shrunk", "persisting", "unknown", "gone")

_S, _I, _B = pa.string(), pa.int64(), pa.bool_()

#: One recorded grant as evidence: where the row stands, and what it says.
GRANT_EVIDENCE = pa.struct(
    [
        ("source", _S),  # its place in the metastore, such as TBL_PRIVS 17
        ("principal", _S),  # role:NAME, user:NAME or group:NAME
        ("privilege", _S),
        ("grant_option", _B),
        ("grantor", _S),
        ("granted_at", _I),  # epoch seconds
    ]
)

SCHEMA = pa.schema(
    [
        ("id", _S),
        ("scope", _S),
        ("object", _S),  # as a person writes it: db.table, user:NAME, lake
        ("catalog", _S),
        ("database", _S),
        ("table", _S),
        ("table_ordinal", pa.int32()),  # row in the snapshot's tables, null for other scopes
        ("right", _S),
        ("kind", _S),
        ("kinds", pa.list_(_S)),
        ("severity", _S),
        ("tier", _S),
        ("classes", pa.list_(_S)),
        # why the object carries its classes: "CLASS by RULE (FILE:LINE) on column NAME"
        ("class_evidence", pa.list_(_S)),
        ("people", _I),  # active people who can
        ("services", _I),
        ("inactive", _I),
        ("unknown", _I),  # names the directory does not know
        ("opaque_groups", _I),  # groups of unknown size
        ("everyone", _B),
        ("not_permitted", _I),  # of all those named, how many policy does not allow
        ("contract", _I),  # the class's maximum head count, null where it has none
        ("in_doubt", _B),  # nobody surely; some possibly
        ("openings", pa.list_(_S)),  # the principals whose grants do it: role:NAME …
        ("grants", pa.list_(GRANT_EVIDENCE)),  # some of the recorded rows that do it
        ("grant_count", _I),  # how many there are
        ("policy_lines", pa.list_(_S)),  # the lines considered, none of which allowed it
        ("detail", _S),
        ("opened_at", _I),  # epoch seconds of the newest grant or membership that does it
        ("status", _S),
        ("first_seen", _S),  # UTC, ISO 8601
        ("first_run", _S),
        ("verdict", pa.int32()),  # row of the run's verdicts
    ]
)


@frozen
class Verdict:
    """What is said of every table of one access signature and set of classes, for a right."""

    right: str
    kinds: tuple[str, ...]
    severity: str
    tier: str
    classes: tuple[str, ...]
    people: int
    services: int
    inactive: int
    unknown: int
    opaque_groups: int
    everyone: bool
    not_permitted: int
    contract: int | None
    in_doubt: bool
    openings: tuple[str, ...]
    opening_rules: tuple[int, ...]
    policy_lines: tuple[str, ...]
    detail: str
    reach: bytes  # the serialized bitmap of who can
    violators: bytes  # of those, whom policy does not allow


VERDICT_SCHEMA = pa.schema(
    [
        ("verdict", pa.int32()),
        ("right", _S),
        ("kinds", pa.list_(_S)),
        ("severity", _S),
        ("tier", _S),
        ("classes", pa.list_(_S)),
        ("people", _I),
        ("services", _I),
        ("inactive", _I),
        ("unknown", _I),
        ("opaque_groups", _I),
        ("everyone", _B),
        ("not_permitted", _I),
        ("contract", _I),
        ("in_doubt", _B),
        ("openings", pa.list_(_S)),
        ("opening_rules", pa.list_(pa.int64())),
        ("policy_lines", pa.list_(_S)),
        ("detail", _S),
        ("reach", pa.binary()),
        ("violators", pa.binary()),
    ]
)


def exposure_id(lake: str, scope: str, object_parts: tuple[str, ...], right: str) -> str:
    """The stable identity: 16 hex digits of a SHA-256. Equal to what `ID_SQL` computes."""
    text = "\x1f".join((lake, scope, *object_parts, right))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


#: The same over columns `catalog`, `database`, `name` and `right`, for a table. The lake's
#: name is put in as a quoted literal by the caller.
ID_SQL = (
    "substr(sha256(concat({lake}, chr(31), 'table', chr(31), d.catalog, chr(31), d.name, "
    'chr(31), t.name, chr(31), v."right")), 1, 16)'
)
