"""Names in Databricks: principals and things that can be secured.

Source: Databricks' SQL pages on principals, identifiers and securable objects.
"""

from app.core.names import fold
from app.core.statements.cursor import Cursor, Naming, word_set
from app.core.statements.object_names import database_name, table_name
from app.core.statements.tokens import Word
from app.core.statements.types import ObjectRef, PrincipalRef

#: Its engine reserves next to nothing; a name like these must be quoted to be read here.
_RESERVED = word_set(
    """
    ANTI AS CROSS EXCEPT FROM FULL INNER INTERSECT JOIN LATERAL LEFT MINUS NATURAL NULL ON RIGHT
    SELECT SEMI SET TO UNION USING WITH
    """
)
_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


def _is_plain(text: str) -> bool:
    return bool(text) and _SIGNS.issuperset(text) and not text.isdigit()


NAMING = Naming(_RESERVED, _is_plain, "`")

#: Kinds of one name each, beside catalogs, schemas, tables and views.
_SINGLE = (
    ("EXTERNAL", "LOCATION"),
    ("STORAGE", "CREDENTIAL"),
    ("SERVICE", "CREDENTIAL"),
    ("CREDENTIAL",),
    ("CONNECTION",),
    ("SHARE",),
    ("CLEAN", "ROOM"),
    ("RECIPIENT",),
    ("PROVIDER",),
)
#: Kinds whose names have a schema, as tables' have.
_IN_SCHEMAS = (("FUNCTION",), ("PROCEDURE",), ("VOLUME",), ("MODEL",))
#: Kinds of which there is one.
_NAMELESS = (("ANY", "FILE"), ("ANONYMOUS", "FUNCTION"), ("METASTORE",))


def principal(c: Cursor) -> PrincipalRef:
    """A user, a group or a service principal: the language does not say which.

    What holds an `@`, or is a service principal's application id, is one identity: USER.
    Everything else is a GROUP's name.
    """
    word = c.name("the name of a principal")
    kind = "USER" if "@" in word.text or _is_application_id(word.text) else "GROUP"
    return PrincipalRef(kind, word.text, c.span_of(word))


def securable(c: Cursor, *, name_needed: bool = True) -> ObjectRef:
    """What privileges are granted on; without a kind it is a table or a view."""
    for words in _NAMELESS:
        if _comes(c, words):
            first = c.peek()
            c.accept(*words)
            kind = " ".join(words).lower()
            return ObjectRef("", "", kind, kind, c.span_of(first, c.last()))
    if _comes(c, ("CATALOG",)):
        return catalog(c, after_keyword=True, name_needed=name_needed)
    for keyword in ("SCHEMA", "DATABASE"):
        if _comes(c, (keyword,)):
            c.take()
            return database_name(c)
    for words in _SINGLE:
        if _comes(c, words):
            c.accept(*words)
            name = c.name(f"the name of a {words[-1].lower()}")
            return ObjectRef("", "", fold(name.text), " ".join(words).lower(), c.span_of(name))
    for words in _IN_SCHEMAS:
        if _comes(c, words):
            c.accept(*words)
            return table_name(c, words[0].lower())
    if _comes(c, ("MATERIALIZED", "VIEW")):
        c.accept("MATERIALIZED", "VIEW")
        return table_name(c, "view")
    for keyword in ("TABLE", "VIEW"):
        if _comes(c, (keyword,)):
            c.take()
            return table_name(c, keyword.lower())
    return table_name(c, "")


def catalog(c: Cursor, *, after_keyword: bool = False, name_needed: bool = True) -> ObjectRef:
    """The name of a catalog; where it may be left out, the current one's is empty."""
    keyword = c.take() if after_keyword else None
    if keyword is not None and not name_needed and c.sees_one_of({"TO", "FROM"}):
        return ObjectRef("", "", "", "catalog", c.span_of(keyword))
    name = c.name("the name of a catalog")
    return ObjectRef(fold(name.text), "", "", "catalog", c.span_of(name))


def _comes(c: Cursor, words: tuple[str, ...]) -> bool:
    """Whether a kind's words come next, and not a table that is called so."""
    if not c.sees(*words):
        return False
    follows: Word = c.peek(len(words))
    if words in _NAMELESS or words == ("CATALOG",):
        return follows.key != "."
    return follows.key not in (".", "TO", "FROM", "<end>")


def _is_application_id(text: str) -> bool:
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(
        _HEXADECIMAL.issuperset(part) for part in parts
    )
