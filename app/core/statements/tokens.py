"""Words of a text, by sqlglot's tokenizer of the dialect, with its keywords taken out.

Keywords mean something only where a grammar says so: with them out, every unquoted word
is a plain word, and a command does not swallow the rest of its line. Comments, strings,
quoted names and their escapes stay the dialect's own.
"""

from functools import cache

from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer

from app.core.frozen import frozen

#: Blanks to Python, but letters that engines refuse: they must not part words.
_ODD_BLANKS = "\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_STAND_INS = {ord(blank): chr(0xFDD0 + number) for number, blank in enumerate(_ODD_BLANKS)}
_NEVER_ENDS = "a comment or quotation that never ends"
_BLANKS = {ord(stand_in): chr(blank) for blank, stand_in in _STAND_INS.items()}


@frozen
class Word:
    """One token. `text` is its value: of a string and a quoted name, without quotes."""

    text: str
    key: str  # upper case of an unquoted word, or the symbol; empty for all else
    start: int
    end: int
    is_string: bool = False
    is_quoted: bool = False  # a quoted name
    is_number: bool = False
    hint: bool = False  # a hint, or what would be one, stands beside it


@frozen
class Words:
    """The words of a text. Where it broke off, `broken_at` is the offset and `why` the reason."""

    words: list[Word]
    broken_at: int = -1
    why: str = ""


def words_of(text: str, dialect: str) -> Words:
    """The words of a text, comments left out. Never raises, in linear time."""
    odd = not text.isascii()
    plain = text.translate(_STAND_INS) if odd or _has_odd_blank(text) else text
    tokenizer = _tokenizer_class(dialect)(dialect=dialect)
    try:
        # A semicolon on a line of its own must come out as one: what swallows it is not closed.
        tokens = tokenizer.tokenize(plain + "\n;")
    except TokenError:
        found = _words(tokenizer.tokens, plain is not text)
        return Words(found, _next_sign(plain, found), _NEVER_ENDS)
    found = _words(tokens, plain is not text)
    if not found or found[-1].start != len(text) + 1 or found[-1].key != ";":
        return Words(found, _next_sign(plain, found), _NEVER_ENDS)
    found.pop()
    return Words(found)


def _has_odd_blank(text: str) -> bool:
    return any(blank in text for blank in "\x0b\x0c\x1c\x1d\x1e\x1f")


def _next_sign(text: str, found: list[Word]) -> int:
    """Where the first sign after the last word stands."""
    at = found[-1].end if found else 0
    rest = text[at:]
    return at + len(rest) - len(rest.lstrip())


def _words(tokens: list[Token], translated: bool) -> list[Word]:
    return [_word(token, translated) for token in tokens]


def _word(token: Token, translated: bool) -> Word:
    kind = token.token_type
    text = token.text
    start, end = token.start, token.end + 1
    hint = bool(token.comments) and any(said.startswith("+") for said in token.comments)
    if kind == TokenType.VAR:
        return Word(text, text.upper(), start, end, hint=hint)
    if kind == TokenType.STRING:
        value = text.translate(_BLANKS) if translated else text
        return Word(value, "", start, end, is_string=True, hint=hint)
    if kind == TokenType.IDENTIFIER:
        value = text.translate(_BLANKS) if translated else text
        return Word(value, "", start, end, is_quoted=True, hint=hint)
    if kind in _OTHER_LITERALS:
        return Word(text, "", start, end, is_number=True, hint=hint)
    return Word(text, text, start, end, hint=hint)


_OTHER_LITERALS = frozenset(
    {
        TokenType.NUMBER,
        TokenType.BIT_STRING,
        TokenType.BYTE_STRING,
        TokenType.HEX_STRING,
        TokenType.NATIONAL_STRING,
        TokenType.RAW_STRING,
        TokenType.UNICODE_STRING,
        TokenType.HEREDOC_STRING,
    }
)


@cache
def _tokenizer_class(dialect: str) -> type[Tokenizer]:
    """A dialect's tokenizer without keywords, and with hints taken for comments."""
    engine = Dialect.get_or_raise(dialect).tokenizer_class
    return type(f"Plain{engine.__name__}", (engine,), {"KEYWORDS": {}, "COMMANDS": set()})
