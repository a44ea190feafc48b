"""Parses of view texts between runs."""

from pathlib import Path

import pyarrow as pa
import pytest

from app.core.view_text import PARSE_SCHEMA, parse_key, parse_rows, parse_view
from app.lake import view_parse_cache
from app.lake.view_parse_cache import ViewParseFile


def rows_of(*texts: str) -> pa.Table:
    return parse_rows({parse_key(text, "hive"): parse_view(text) for text in texts})


def test_what_is_kept_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "lake" / "view-parses"
    assert ViewParseFile(path).known().num_rows == 0
    first, second = rows_of("SELECT a FROM t"), rows_of("SELECT b FROM u", "SELECT * FROM w")
    ViewParseFile(path).keep(first)
    ViewParseFile(path).keep(second)
    ViewParseFile(path).keep(first)
    known = ViewParseFile(path).known()
    assert known.schema == PARSE_SCHEMA
    assert known.num_rows == first.num_rows + second.num_rows
    assert [one.name for one in path.parent.iterdir()] == ["view-parses"]


@pytest.mark.parametrize("damage", ["", "no such file", "x" * 500])
def test_a_damaged_file_is_as_none(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "view-parses"
    path.write_text(damage)
    assert ViewParseFile(path).known().num_rows == 0
    ViewParseFile(path).keep(rows_of("SELECT a FROM t"))
    assert ViewParseFile(path).known().num_rows == 3


def test_one_changed_byte_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "view-parses"
    ViewParseFile(path).keep(rows_of("SELECT a FROM t"))
    content = bytearray(path.read_bytes())
    for place in (0, 40, len(content) // 2, len(content) - 1):
        content[place] ^= 1
        path.write_bytes(bytes(content))
        assert ViewParseFile(path).known().num_rows == 0
        content[place] ^= 1


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    parses = ViewParseFile(tmp_path / "file" / "view-parses")
    parses.keep(rows_of("SELECT a FROM t"))
    assert parses.known().num_rows == 0


def test_it_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_parse_cache, "MAX_ROWS", 5)
    parses = ViewParseFile(tmp_path / "view-parses")
    parses.keep(rows_of("SELECT a FROM t"))
    newest = rows_of("SELECT b FROM t")
    parses.keep(newest)
    assert parses.known().equals(newest)
