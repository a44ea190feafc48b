"""A few kills of the worker and the API in every run of the tests; more by hand."""

from pathlib import Path

from tests.crash.chaos import chaos


def test_a_few_kills_lose_nothing_and_resolve_nothing(tmp_path: Path) -> None:
    figures = chaos(tmp_path, times=4, seed=3)
    assert figures["kills of the worker"] >= 2
    assert (figures["lost"], figures["wrongly resolved"]) == (0, 0)
    assert figures["notices"] >= 2
