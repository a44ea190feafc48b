"""Bytes of files become text, or are refused with the file, the byte and a mend."""

import codecs

import pytest

from app.core.errors import CheckInputError
from app.core.statements.reading import decode_sql, read_statements
from app.core.statements.types import Grant

TEXT = "GRANT SELECT ON t\r\n  TO USER `Zoë`;\r\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
def test_marks_are_understood_and_line_ends_kept(content: bytes) -> None:
    text = decode_sql(content, "a.sql")
    assert text == TEXT
    (found,) = read_statements(text, file="a.sql", dialect="hive")
    assert isinstance(found, Grant)
    span = found.principals[0].span
    assert (found.principals[0].name, span.line, span.column) == ("Zoë", 2, 11)


def test_a_mark_left_in_the_text_is_a_blank() -> None:
    (found,) = read_statements("\ufeff" + TEXT, file="a.sql", dialect="hive")
    assert isinstance(found, Grant)
    assert found.span.column == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("GRANT\n`Zoë`".encode("latin-1"), "byte 9 (line 2)"),
        (codecs.BOM_UTF8 + b"a\xff", "byte 4 (line 1)"),
        (codecs.BOM_UTF16_LE + b"a\x00\x00", "byte 4"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8", "byte 2"),
        (codecs.BOM_UTF32_LE + "a".encode("utf-32-le"), "UTF-32"),
        (codecs.BOM_UTF32_BE + "a".encode("utf-32-be"), "UTF-32"),
        (b"\xed\xa0\x80", "byte 0"),
    ],
)
def test_other_encodings_are_refused(content: bytes, said: str) -> None:
    with pytest.raises(CheckInputError) as refused:
        decode_sql(content, "a.sql")
    assert "a.sql" in str(refused.value)
    assert said in str(refused.value)
    assert refused.value.mend


def test_utf_16_without_a_mark_is_no_pass() -> None:
    text = decode_sql("GRANT SELECT ON t TO USER u".encode("utf-16-le"), "a.sql")
    assert all(
        type(each).__name__ == "Unparsed"
        for each in read_statements(text, file="a.sql", dialect="hive")
    )
