"""Names in HiveQL. Which words are reserved was asked of Hive 4.0.1's own parser."""

from app.core.statements.cursor import Cursor, Naming, word_set
from app.core.statements.tokens import Word
from app.core.statements.types import PrincipalRef

_RESERVED = word_set(
    """
    ALL ALTER AND ANY APPLICATION ARRAY AS AUTHORIZATION BETWEEN BIGINT BINARY BOOLEAN BOTH BY
    CASE CAST CHAR COLUMN COMMIT CONF CONSTRAINT CONVERT CREATE CROSS CUBE CURRENT CURRENT_DATE
    CURRENT_TIMESTAMP CURSOR DATABASE DATE DDL DECIMAL DELETE DESCRIBE DISTINCT DOUBLE DROP ELSE
    END EXCEPT EXCHANGE EXISTS EXTENDED EXTERNAL EXTRACT FALSE FETCH FLOAT FLOOR FOLLOWING FOR
    FORCE FOREIGN FROM FULL FUNCTION GRANT GROUP GROUPING HAVING IF IMPORT IN INNER INSERT INT
    INTERSECT INTERVAL INTO IS JOIN LATERAL LEADING LEFT LESS LIKE LOCAL MACRO MAP MERGE MINUS
    MORE NONE NOT NULL OF OLDER ON ONLY OR ORDER OUT OUTER OVER PARTITION PERCENT PKFK_JOIN
    PRECEDING PRECISION PREPARE PRESERVE PRIMARY PROCEDURE QUALIFY RANGE READS REAL REDUCE
    REFERENCES REGEXP REVOKE RIGHT RLIKE ROLLBACK ROLLUP ROW ROWS SELECT SET SMALLINT SOME START
    SYNC TABLE TABLESAMPLE THAN THEN TIME TIMESTAMP TIMESTAMPLOCALTZ TO TRAILING TRANSFORM
    TRIGGER TRUE TRUNCATE UNBOUNDED UNION UNIQUE UNIQUEJOIN UPDATE USER USING VALUES VARCHAR
    WHEN WHERE WINDOW WITH INTEGER DEC NUMERIC
    """
)
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SIGNS = _LETTERS | frozenset("0123456789_")
_NUMBER_ENDS = frozenset({"", "L", "S", "Y", "BD", "D", "F", "B", "K", "M", "G"})
PRINCIPAL_KINDS = frozenset({"USER", "GROUP", "ROLE"})


def _is_plain(text: str) -> bool:
    if text[0] == "_" or not _SIGNS.issuperset(text):
        return False
    if text[0] in _LETTERS:
        return True
    after_digits = text.lstrip("0123456789").upper()
    is_power = after_digits[:1] == "E" and after_digits[1:].isdigit()
    return after_digits not in _NUMBER_ENDS and not is_power


NAMING = Naming(_RESERVED, _is_plain, "`", table_parts=2, dots_in_names=False)


def role_name(c: Cursor) -> PrincipalRef:
    """The name of a role, as written: each mode folds it in its own way."""
    word = c.name("the name of a role")
    return PrincipalRef("ROLE", word.text, c.span_of(word))


def principal(c: Cursor) -> PrincipalRef:
    """USER, GROUP or ROLE with a name; the span is the name's."""
    if not c.sees_one_of(PRINCIPAL_KINDS):
        c.refuse("expected USER, GROUP or ROLE")
    kind = c.take().key
    word: Word = c.name(f"the name of a {kind.lower()}")
    return PrincipalRef(kind, word.text, c.span_of(word))
