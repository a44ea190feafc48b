"""Every format of a few small reports, byte for byte."""

import pytest

from tests.report.golden_files import GOLDEN, golden_files

_NOW = golden_files()


@pytest.mark.parametrize("file", sorted(_NOW))
def test_golden_file(file: str) -> None:
    assert _NOW[file].decode() == (GOLDEN / file).read_bytes().decode()


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(_NOW)
