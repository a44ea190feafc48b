"""Every answer of `can` on lakes recorded from a real Hive 4.0.1 must be Hive's own.

The recordings are data: no Hive is needed here. `python -m tests.hive.record` makes more.
"""

import csv
from pathlib import Path

import pytest

from app import wiring
from app.core.questions import can_all
from app.settings import load_settings
from tests.hive.sqlite_export import sqlite_from_sql

RECORDINGS = sorted(path.parent for path in Path(__file__).parent.glob("recordings/*/lake.sql"))
POLICIES = Path(__file__).parents[2] / "policies"


def test_there_are_recordings_of_both_modes() -> None:
    modes = {(folder / "mode.txt").read_text().strip() for folder in RECORDINGS}
    assert modes == {"sql-standard", "legacy"}


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_every_answer_is_hives(folder: Path, tmp_path: Path) -> None:
    metastore = tmp_path / "metastore.sqlite"
    sqlite_from_sql(folder / "lake.sql", metastore)
    choice = wiring.LakeChoice(
        source=f"metastore+sqlite:///{metastore}",
        mode=(folder / "mode.txt").read_text().strip(),
        directory=f"csv:{folder / 'directory'}",
        groups=(folder / "groups.txt").read_text().strip(),
        policies=POLICIES,
    )
    with (folder / "questions.csv").open(encoding="utf-8", newline="") as file:
        questions = list(csv.DictReader(file))
    assert len(questions) > 500
    settings = load_settings(None, {"LAKEWARDEN_DATA": str(tmp_path / "data")})
    lake = wiring.choose_lake(settings, choice)
    policies = wiring.load_policies(lake)
    with wiring.snapshot_for(settings, choice, lake) as snapshot:
        view = wiring.lake_view(lake, snapshot, policies, None)
        answers = can_all(view, [(row["user"], row["right"], row["object"]) for row in questions])
    wrong = [
        (row["user"], row["right"], row["object"], row["answer"], answer.answer)
        for row, answer in zip(questions, answers, strict=True)
        if row["answer"] != answer.answer
    ]
    assert wrong == []
