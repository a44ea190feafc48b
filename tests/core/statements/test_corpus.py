"""Every text of the corpus is read as the corpus says, and points at the very words."""

import pytest

from app.core.statements.reading import read_statements
from app.core.statements.types import DIALECTS, Span
from tests.core.statements.corpus_files import Entry, corpus, facts_of, spans_of

ENTRIES = [entry for dialect in DIALECTS for entry in corpus(dialect)]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_holds_texts_both_ways(dialect: str) -> None:
    texts = [entry.text for entry in corpus(dialect)]
    unparsed = sum(entry.is_unparsed for entry in corpus(dialect))
    assert len(texts) == len(set(texts))
    assert len(texts) - unparsed >= 50
    assert unparsed >= 25


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.dialect}: {entry.text}")
def test_a_text_says_its_facts(entry: Entry) -> None:
    read = read_statements(entry.text, file="change.sql", dialect=entry.dialect)

    assert [facts_of(statement) for statement in read] == list(entry.facts)
    found = {(span.start, span.end) for each in read for span in spans_of(each)}
    assert sorted(found) == sorted(entry.marks)
    for each in read:
        for span in (each.span, *spans_of(each)):
            assert_place(span, entry.text)


@pytest.mark.parametrize("lines", ["\n", "\r\n"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_file_of_all_texts_says_the_same(dialect: str, lines: str) -> None:
    # What is broken swallows the rest of its file, and RESET forgets what the file set before.
    entries = [
        entry
        for entry in corpus(dialect)
        if entry.text != "RESET"
        and len(read_statements(entry.text + ";\nSELECT 1", file="x", dialect=dialect))
        == len(entry.facts) + 1
    ]
    assert len(entries) >= 80
    text = "-- all of it" + lines
    expected: list[object] = []
    places = set()
    for entry in entries:
        places |= {(len(text) + start, len(text) + end) for start, end in entry.marks}
        expected += entry.facts
        text += entry.text + lines + ";" + lines * 2

    read = read_statements(text, file="x", dialect=dialect)

    assert [facts_of(statement) for statement in read] == expected
    assert {(span.start, span.end) for each in read for span in spans_of(each)} == places
    numbers = [each.number for each in read]
    assert sorted(set(numbers)) == list(range(1, len(entries) + 1))
    for each in read:
        assert each.text == text[each.span.start : each.span.end]
        for span in (each.span, *spans_of(each)):
            assert_place(span, text)


def assert_place(span: Span, text: str) -> None:
    """Lines and columns say the same as offsets, counted anew."""
    for offset, line, column in (
        (span.start, span.line, span.column),
        (span.end, span.end_line, span.end_column),
    ):
        assert line == text.count("\n", 0, offset) + 1
        assert column == offset - (text.rfind("\n", 0, offset) + 1) + 1
