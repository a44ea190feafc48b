"""The pepper: made once, kept private, and refused when it no longer is."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.core.errors import SettingsError, StateError
from app.store.pepper import FILE_NAME, load_pepper


def test_it_is_made_once_with_mode_0600(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = load_pepper(data)
    file = data / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text().strip()) == 64
    assert load_pepper(data) == first
    assert list(data.iterdir()) == [file]


def test_makers_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: load_pepper(tmp_path), range(8)))
    assert len(made) == 1
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


def test_a_configured_one_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    pepper = load_pepper(tmp_path, "a configured pepper")
    assert pepper.key == b"a configured pepper"
    assert list(tmp_path.iterdir()) == []


def test_different_peppers_have_different_ids(tmp_path: Path) -> None:
    one, two = load_pepper(tmp_path), load_pepper(tmp_path, "a configured pepper")
    assert one.id != two.id
    assert one.hash("x") != two.hash("x")


def test_a_short_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"shorter than 16.*openssl"):
        load_pepper(tmp_path, "short")


def test_one_open_to_everybody_is_refused(tmp_path: Path) -> None:
    load_pepper(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o644)
    with pytest.raises(StateError, match=r"open to every user.*chmod 600"):
        load_pepper(tmp_path)


def test_one_cut_short_is_refused(tmp_path: Path) -> None:
    load_pepper(tmp_path)
    (tmp_path / FILE_NAME).write_text("ab")
    with pytest.raises(StateError, match="cut short"):
        load_pepper(tmp_path)


def test_one_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StateError, match="cannot be read or made"):
        load_pepper(tmp_path / "data")
