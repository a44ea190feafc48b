"""Bytes of a file of statements as text: UTF-8, or UTF-16 where a byte-order mark says so."""

import codecs

from app.core.errors import CheckInputError

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)


def decode_sql(content: bytes, file: str) -> str:
    """The text of a file, without its byte-order mark; line ends stay as they are.

    Raises CheckInputError, which names the file and the first byte that is no text.
    """
    encoding, mark = _encoding(content)
    if encoding == "UTF-32":
        raise CheckInputError(
            f"{file} is written in UTF-32, which engines do not read",
            mend="Save it as UTF-8",
        )
    try:
        return content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as refused:
        at = len(mark) + refused.start
        line = content[:at].count(b"\n") + 1
        raise CheckInputError(
            f"{file} is not {encoding.upper()}: byte {at} (line {line}) is no part of a character",
            mend="Save it as UTF-8",
        ) from None


def _encoding(content: bytes) -> tuple[str, bytes]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding, mark
    return "utf-8", b""
