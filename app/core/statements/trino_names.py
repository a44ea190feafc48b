"""Names in Trino: identifiers fold to lower case, roles too; users stay as written.

Source: Trino's grammar and its list of reserved words.
"""

from app.core.statements.cursor import Cursor, Naming, word_set
from app.core.statements.types import PrincipalRef

_RESERVED = word_set(
    """
    ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE
    CURRENT_PATH CURRENT_ROLE CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER
    DEALLOCATE DELETE DESCRIBE DISTINCT DROP ELSE END ESCAPE EXCEPT EXECUTE EXISTS EXTRACT FALSE
    FOR FROM FULL GROUP GROUPING HAVING IN INNER INSERT INTERSECT INTO IS JOIN JSON_ARRAY
    JSON_EXISTS JSON_OBJECT JSON_QUERY JSON_TABLE JSON_VALUE LEFT LIKE LISTAGG LOCALTIME
    LOCALTIMESTAMP NATURAL NORMALIZE NOT NULL ON OR ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP
    SELECT SKIP TABLE THEN TRIM TRUE UESCAPE UNION UNNEST USING VALUES WHEN WHERE WITH
    """
)
_FIRST_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_SIGNS = _FIRST_LETTERS | frozenset("0123456789")


def _is_plain(text: str) -> bool:
    return text[:1] in _FIRST_LETTERS and _SIGNS.issuperset(text)


NAMING = Naming(_RESERVED, _is_plain, '"')


def role_name(c: Cursor) -> PrincipalRef:
    """The name of a role, folded; the span is the name's."""
    word = c.name("the name of a role")
    return PrincipalRef("ROLE", word.text.lower(), c.span_of(word))


def principal(c: Cursor) -> PrincipalRef:
    """[USER] name or ROLE name: without a word it is a user."""
    follows = c.peek(1)
    is_name = follows.is_quoted or (bool(follows.key) and _is_plain(follows.text))
    if c.sees("ROLE") and is_name and follows.key not in ("WITH", "GRANTED", "IN", "<end>"):
        c.take()
        return role_name(c)
    if c.sees("USER") and is_name and follows.key not in ("WITH", "GRANTED", "IN", "<end>"):
        c.take()
    word = c.name("the name of a user")
    return PrincipalRef("USER", word.text, c.span_of(word))
