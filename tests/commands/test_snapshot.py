"""`lakewarden snapshot`: list, keys, export, import, prune."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.commands.hand_lake import HandLake
from tests.commands.running import run


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    private = tmp_path / "signing.key"
    ran = run("snapshot", "keygen", private)
    assert ran.code == 0
    assert private.stat().st_mode & 0o077 == 0
    return private, tmp_path / "signing.pub"


def test_list(audited: HandLake, tmp_path: Path) -> None:
    ran = run("snapshot", "list", config=audited.config)
    assert ran.code == 0
    assert len(ran.lines) == 3
    row = run("snapshot", "list", "--format", "json", config=audited.config).json[0]
    assert (row["tables"], row["grants"], row["users"], row["gaps"]) == (4, 5, 12, 0)
    assert ran.lines[2].startswith(row["snapshot"])
    empty = HandLake(tmp_path / "empty").write()
    assert "There is no snapshot" in run("snapshot", "list", config=empty.config).out


def test_keys_are_never_replaced(keys: tuple[Path, Path]) -> None:
    before = keys[0].read_bytes()
    ran = run("snapshot", "keygen", keys[0])
    assert (ran.code, "not there yet" in ran.err) == (2, True)
    assert keys[0].read_bytes() == before


@pytest.mark.parametrize("limited", [(), ("--limited",)])
def test_out_of_one_lake_and_into_another(
    audited: HandLake, keys: tuple[Path, Path], limited: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "lake.snapshot"
    wanted: tuple[str | Path, ...] = ("--key", keys[0], *limited, "--format", "json")
    exported = run("snapshot", "export", file, *wanted, config=audited.config)
    assert exported.json["bytes"] == file.stat().st_size
    assert exported.json["limited"] is bool(limited)
    other = HandLake(tmp_path / "ci", "main").write()
    other.metastore.unlink()  # CI has no way to the lake itself
    imported = run("snapshot", "import", file, "--key", keys[1], config=other.config)
    assert imported.code == 0
    ran = run("can", "ann", "select", "hr_payroll.salaries", config=other.config)
    assert (ran.code, ran.out.partition(":")[0]) == (0, "allowed")
    audit = run("audit", "--no-crawl", "--format", "json", config=other.config)
    assert (audit.code, audit.json["posture"]["exposures"]["total"]) == (1, 5)
    assert (
        run("snapshot", "list", config=other.config)
        .lines[2]
        .startswith(
            run("snapshot", "list", "--format", "json", config=other.config).json[0]["snapshot"]
        )
    )


def test_an_older_import_does_not_win(
    own: HandLake, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "old.snapshot"
    assert run("snapshot", "export", file, "--key", keys[0], config=own.config).code == 0
    shutil.rmtree(own.data)
    own.table("later", "b")
    own.write_metastore()
    assert run("crawl", config=own.config).code == 0
    taken = next((own.data / "snapshots" / "main").glob("*/taken.json"))
    taken.write_text(taken.read_text().replace('"seen_at":"2', '"seen_at":"3'))
    ran = run("snapshot", "import", file, "--key", keys[1], config=own.config)
    assert (ran.code, "Questions go by the newer" in ran.out) == (0, True)


def test_what_cannot_be_exported_or_imported(
    audited: HandLake, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    private, public = keys
    file = tmp_path / "lake.snapshot"
    good = ("snapshot", "export", file, "--key", private)
    assert run(*good, config=audited.config).code == 0
    other = HandLake(tmp_path / "ci").write()
    broken = tmp_path / "broken.snapshot"
    broken.write_bytes(file.read_bytes().replace(b"manifest", b"manifesto", 1))
    short = tmp_path / "short.snapshot"
    short.write_bytes(file.read_bytes()[:3000])
    stranger = tmp_path / "stranger.key"
    assert run("snapshot", "keygen", stranger).code == 0
    wrong = (
        ("snapshot", "export", file, "--key", public),
        ("snapshot", "export", file, "--key", tmp_path / "no.key"),
        (*good, "--snapshot", "0000"),
        (*good, "--snapshot", ""),
        (*good, "--lake", "nope"),
        ("snapshot", "export", tmp_path / "no" / "where" / "x", "--key", tmp_path),
        ("snapshot", "import", broken, "--key", public),
        ("snapshot", "import", short, "--key", public),
        ("snapshot", "import", tmp_path / "nowhere", "--key", public),
        ("snapshot", "import", file, "--key", stranger.with_suffix(".pub")),
        ("snapshot", "import", file),
    )
    for arguments in wrong:
        config = audited.config if arguments[1] == "export" else other.config
        ran = run(*arguments, config=config)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert ran.err, arguments
    assert not list((other.data / "snapshots" / "main").glob("[!.]*"))


class TestPrune:
    @pytest.fixture
    def old(self, own: HandLake) -> HandLake:
        """Four whole runs of four snapshots, a year, ten months, two months, no time ago."""
        for number in range(3):
            own.table("later", f"t{number}")
            own.write_metastore()
            assert run("audit", config=own.config).code == 1
        connection = sqlite3.connect(own.data / "state.db")
        with connection:
            listed = [row[0] for row in connection.execute("SELECT id FROM runs ORDER BY id")]
            crawls = connection.execute("SELECT id FROM snapshots ORDER BY id").fetchall()
            for days, run_id, (crawl,) in zip((365, 300, 60, 0), listed, crawls, strict=True):
                age = f"datetime(started_at, '-{days} days')"
                connection.execute(f"UPDATE runs SET started_at = {age} WHERE id = ?", (run_id,))
                age = f"datetime(taken_at, '-{days} days')"
                connection.execute(f"UPDATE snapshots SET taken_at = {age} WHERE id = ?", (crawl,))
        connection.close()
        for days, taken in zip(
            (365, 300, 60, 0),
            sorted(
                (own.data / "snapshots" / "main").glob("*/taken.json"),
                key=lambda p: p.stat().st_mtime,
            ),
            strict=True,
        ):
            text = taken.read_text("utf-8").replace(
                '"seen_at":"20', f'"seen_at":"{20 if not days else 19}'
            )
            taken.write_text(text, encoding="utf-8")
        return own

    def folders(self, lake: HandLake, name: str) -> int:
        return len(list((lake.data / name / "main").iterdir()))

    def test_by_age_and_count(self, old: HandLake) -> None:
        assert (self.folders(old, "results"), self.folders(old, "snapshots")) == (4, 4)
        dry = run("snapshot", "prune", "--keep-count", "1", "--dry-run", config=old.config)
        assert dry.out.startswith("main: would go: 2 runs and 2 snapshots, ")
        assert (self.folders(old, "results"), self.folders(old, "snapshots")) == (4, 4)
        ran = run("snapshot", "prune", "--keep-count", "1", "--format", "json", config=old.config)
        said = ran.json["lakes"][0]
        assert (len(said["runs"]), len(said["snapshots"])) == (2, 2)
        assert (said["runs_kept"], said["snapshots_kept"]) == (2, 2)
        assert said["bytes"] > 10_000
        assert (self.folders(old, "results"), self.folders(old, "snapshots")) == (2, 2)
        assert run("changes", config=old.config).code == 0
        again = run("snapshot", "prune", "--keep-count", "1", config=old.config)
        assert again.out.startswith("main: removed: 0 runs and 0 snapshots, 0 bytes")

    def test_never_the_last_whole_run(self, old: HandLake) -> None:
        none = ("--keep-count", "0", "--keep-days", "0")
        assert run("snapshot", "prune", *none, config=old.config).code == 0
        assert (self.folders(old, "results"), self.folders(old, "snapshots")) == (1, 1)
        assert run("exposures", config=old.config).code == 0
        assert run("can", "ann", "select", "hr_payroll.salaries", config=old.config).code == 0
        ran = run("changes", config=old.config)
        assert (ran.code, "was pruned" in ran.err) == (2, True)

    def test_a_folder_elsewhere_is_left_alone(self, old: HandLake, tmp_path: Path) -> None:
        precious = tmp_path / "precious"
        precious.mkdir()
        connection = sqlite3.connect(old.data / "state.db")
        with connection:
            connection.execute(
                "UPDATE runs SET results_path = ? WHERE id = (SELECT min(id) FROM runs)",
                (str(precious),),
            )
        connection.close()
        ran = run("snapshot", "prune", "--keep-count", "1", config=old.config)
        assert (ran.code, "not removed" in ran.err) == (2, True)
        assert precious.is_dir()

    def test_of_a_lake_nobody_knows(self, audited: HandLake) -> None:
        ran = run("snapshot", "prune", "--lake", "nope", config=audited.config)
        assert (ran.code, "Known are main" in ran.err) == (2, True)
