"""A real git repository: what changed, what stood at a commit, and what is refused."""

import subprocess
from pathlib import Path

import pytest

from app.core.errors import CheckInputError
from app.sources.git_changes import Repository, repository_of


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder as somebody, whatever this machine's settings are."""
    said = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return said.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with two commits on main and a branch that left after the first."""
    folder = tmp_path / "it"
    (folder / "policies" / "tests").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "policies" / "policy.csv").write_text("p, a\n")
    (folder / "policies" / "tests" / "x.yaml").write_text("x\n")
    (folder / "policies" / "link").symlink_to("/etc/passwd")
    (folder / "a.sql").write_text("one")
    (folder / "b.sql").write_text("two")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "branch", "feature")
    (folder / "c.sql").write_text("on main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "second")
    git(folder, "checkout", "-q", "feature")
    return repository_of(folder)


def test_what_a_branch_changes_since_it_left(repository: Repository) -> None:
    folder = repository.root
    (folder / "a.sql").write_text("changed, not committed")
    (folder / "b.sql").unlink()
    (folder / "überstunden liste.sql").write_text("new")
    (folder / "-n.sql").write_text("new")
    git(folder, "add", "--", "-n.sql")
    git(folder, "commit", "-qm", "new")
    base = repository.merge_base("main")
    found = {each.path: each.status for each in repository.changed_files(base)}
    assert found == {"a.sql": "M", "b.sql": "D", "überstunden liste.sql": "A", "-n.sql": "A"}


def test_a_folder_as_it_stood(repository: Repository, tmp_path: Path) -> None:
    (repository.root / "policies" / "policy.csv").write_text("p, everyone\n")
    target = tmp_path / "out"
    base = repository.commit("main")
    assert repository.write_folder_at(base, "policies", target)
    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*.*")) == [
        "policy.csv",
        "tests/x.yaml",
    ]
    assert (target / "policy.csv").read_text() == "p, a\n"
    assert not (target / "link").exists()
    assert not repository.write_folder_at(base, "nowhere", target)
    assert not repository.write_folder_at(base, "a.sql", target / "x")


def test_a_file_as_it_stood(repository: Repository) -> None:
    base = repository.commit("feature")
    assert repository.file_at(base, "a.sql") == b"one"
    assert repository.file_at(base, "c.sql") is None
    assert repository.file_at(base, "policies") is None
    assert repository.file_at(base, "policies/link") is None
    assert repository.file_at(base, "*.sql") is None


@pytest.mark.parametrize(
    "revision", ["nowhere", "--output=x", "-h", "", "main..feature", "main^{tree}", "a\nb", "HEAD:"]
)
def test_what_is_no_commit(repository: Repository, revision: str) -> None:
    with pytest.raises(CheckInputError, match="is no commit"):
        repository.commit(revision)


def test_histories_that_never_met(repository: Repository) -> None:
    git(repository.root, "checkout", "-q", "--orphan", "other")
    git(repository.root, "commit", "-qm", "alone")
    with pytest.raises(CheckInputError, match="no commit in common"):
        repository.merge_base("main")


def test_outside_of_a_repository(tmp_path: Path) -> None:
    with pytest.raises(CheckInputError, match="in no git working tree"):
        repository_of(tmp_path)
    with pytest.raises(CheckInputError, match="no such folder"):
        repository_of(tmp_path / "nowhere")


def test_the_repository_is_that_of_the_folder_whatever_a_hook_says(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert repository_of(repository.root).commit("HEAD") == repository.commit("feature")


def test_nothing_of_the_repository_is_run(repository: Repository, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {proof}\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external"):
        git(repository.root, "config", key, str(program))
    (repository.root / "a.sql").write_text("changed")
    assert repository.changed_files(repository.commit("HEAD"))
    assert not proof.exists()


def test_inside_and_outside(repository: Repository, tmp_path: Path) -> None:
    assert repository.inside(repository.root / "policies" / ".." / "a.sql") == "a.sql"
    assert repository.inside(repository.root) == "."
    assert repository.inside(tmp_path / "elsewhere") is None
