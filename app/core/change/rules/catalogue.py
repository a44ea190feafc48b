"""The rules of statements, as reports and docs/rules name them."""

from app.core.findings import Rule

NEW_EXPOSURE = "new-exposure"
TO_EVERYONE = "exposure-to-everyone"
HEAD_COUNT = "head-count-over-contract"
GRANT_OPTION = "grant-option-on-sensitive"
NESTING = "role-nesting-widens"
OWNER = "owner-outside-audience"
COPY = "sensitive-copy-unprotected"
UNCLASSIFIED_WIDE = "unclassified-opened-wide"
DOES_NOT_CLOSE = "revoke-does-not-close"
REDUNDANT = "redundant-grant"
UNKNOWN_PRINCIPAL = "grants-to-unknown-principal"
UNPARSED = "unparsed-statement"
REFUSED = "refused-statement"

_ALL = (
    Rule(
        NEW_EXPOSURE,
        "Somebody can, and should not",
        "The change gives people access that no policy line allows them.",
    ),
    Rule(
        TO_EVERYONE,
        "Open to everyone",
        "The change opens classified data to everyone: PUBLIC by any path, or nearly all people.",
    ),
    Rule(
        HEAD_COUNT,
        "More people than the contract allows",
        "After the change more people can read a class than classes.yaml says may.",
    ),
    Rule(
        GRANT_OPTION,
        "Access to sensitive data that can be passed on",
        "The change lets people grant classified data to others, which no policy line allows.",
    ),
    Rule(
        NESTING,
        "A role inside a role opens more than it says",
        "The members of one role get everything another role holds, which policy forbids them.",
    ),
    Rule(
        OWNER,
        "An owner outside the audience",
        "The new owner of classified data is not among those whom policy allows to read it.",
    ),
    Rule(
        COPY,
        "A copy or view of sensitive data is less protected than the data",
        "What the change makes shows classified data to people whom policy does not allow it.",
    ),
    Rule(
        UNCLASSIFIED_WIDE,
        "Data that nobody classified is opened to everyone",
        "The change opens a table without a class to everyone.",
    ),
    Rule(
        DOES_NOT_CLOSE,
        "The revoke does not close the access",
        "The access remains by another path, another grantor's row, or the engine refuses.",
    ),
    Rule(
        REDUNDANT,
        "The grant gives nobody anything",
        "Whoever the grant is for has the access already.",
    ),
    Rule(
        UNKNOWN_PRINCIPAL,
        "A grant to a name that nobody knows",
        "The directory has no such user or group.",
    ),
    Rule(
        UNPARSED,
        "The statement is not understood",
        "What it does to access cannot be said, so the check cannot judge it.",
    ),
    Rule(
        REFUSED,
        "The engine would refuse the statement",
        "Run as the check takes it to be run, the statement fails and changes nothing.",
    ),
)

RULES = {rule.id: rule for rule in _ALL}

#: Of rules as grave that say the same of one statement and principal, the first says it.
PRECEDENCE = (
    TO_EVERYONE,
    COPY,
    HEAD_COUNT,
    NESTING,
    UNKNOWN_PRINCIPAL,
    NEW_EXPOSURE,
    UNCLASSIFIED_WIDE,
    GRANT_OPTION,
)
