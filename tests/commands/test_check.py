"""`lakewarden check` around its rules: files, bases, snapshots, baselines, answers, exits."""

import csv
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from app.wiring import starter_policies
from tests.commands.hand_lake import HandLake
from tests.commands.running import Ran, run

OPENS = "GRANT SELECT ON TABLE hr_payroll.salaries TO USER dan;\n"
HARMLESS = "GRANT SELECT ON TABLE plain.weather TO USER ann;\n"
UNREAD = "GRANT SELECT ON TABLE hr_payroll.salaries TO;\n"
TO_EVERYONE = "GRANT SELECT ON TABLE hr_payroll.salaries TO ROLE public;\n"

_SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "check.json").read_text())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, outside of any repository."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return folder


@pytest.fixture
def check(audited: HandLake, here: Path) -> Callable[..., Ran]:
    """Runs a check of the payroll lake."""
    return lambda *arguments, **more: run("check", *arguments, config=audited.config, **more)


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder as somebody."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    said = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return said.stdout.strip()


@pytest.fixture
def repository(here: Path) -> Path:
    """A repository with policies of its own on main, and a branch for a change."""
    shutil.copytree(starter_policies(), here / "policies", ignore=shutil.ignore_patterns("*.py*"))
    shutil.rmtree(here / "policies" / "__pycache__", ignore_errors=True)
    (here / "old.sql").write_text(OPENS)
    git(here, "init", "-q", "-b", "main")
    git(here, "add", ".")
    git(here, "commit", "-qm", "base")
    git(here, "checkout", "-q", "-b", "change")
    return here


def commit(folder: Path, **files: str) -> None:
    """Commit files on the branch; `__` in a name is a slash, `_dot_` a dot."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "change")


def rules(ran: Ran) -> list[str]:
    """The rules of a JSON report's findings, notes left out."""
    return [each["rule"] for each in ran.json["findings"] if each["severity"] != "note"]


# What is checked


@pytest.mark.parametrize(
    ("text", "code"), [(HARMLESS, 0), (OPENS, 1), (UNREAD, 2), (OPENS + UNREAD, 2), ("", 0)]
)
def test_exit_codes(check: Callable[..., Ran], here: Path, text: str, code: int) -> None:
    (here / "a.sql").write_text(text)
    ran = check("a.sql", "--format", "json")
    assert (ran.code, ran.json["exit_code"]) == (code, code)
    assert list(Draft202012Validator(_SCHEMA).iter_errors(ran.json)) == []


def test_files_folders_globs_and_standard_input_say_the_same(
    check: Callable[..., Ran], here: Path
) -> None:
    (here / "sub" / "deep").mkdir(parents=True)
    (here / "sub" / ".hidden").mkdir()
    (here / "sub" / "deep" / "a.hql").write_text(OPENS)
    (here / "sub" / "b.sql").write_text(HARMLESS)
    (here / "sub" / "readme.md").write_text("not SQL")
    (here / "sub" / ".hidden" / "c.sql").write_text(UNREAD)
    for named in (["sub"], ["sub/b.sql", "sub/deep/a.hql"], ["sub/**/*.[sh]ql"], ["sub", "sub"]):
        ran = check(*named, "--format", "json")
        assert [each["name"] for each in ran.json["files"]] == ["sub/b.sql", "sub/deep/a.hql"]
        assert rules(ran) == ["new-exposure"]
    piped = check("-", "--format", "json", stdin=OPENS.encode())
    assert rules(piped) == ["new-exposure"]
    assert piped.json["findings"][0]["file"] == "-"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Give files, '-', --diff-base REF or --policies-change."),
        (["nowhere.sql"], "There is no file nowhere.sql"),
        (["*.nothing"], "No file matches"),
        (["empty"], "holds no .sql, .hql, .ddl file"),
        (["-", "a.sql"], "stands beside files"),
        (["a.sql", "--max-age", "soon"], "write 90m, 12h, 3d or none"),
        (["a.sql", "--var", "x"], "write NAME=VALUE"),
        (["a.sql", "--var", "x=1", "--var", "x=2"], "given two values"),
        (["a.sql", "--write-baseline"], "needs --baseline"),
        (["a.sql", "--snapshot", "s"], "needs --key"),
        (["a.sql", "--key", "k"], "is for --snapshot"),
        (["a.sql", "--format", "json", "--format", "text"], "would go to standard output"),
        (["a.sql", "--output", "x", "--output", "y"], "more --output than --format"),
        (["a.sql", "--format", "json", "--effects", "-"], "would go to standard output"),
        (["a.sql", "--diff-base", "main"], "in no git working tree"),
        (["a.sql", "--baseline", "nowhere.json"], "There is no baseline"),
        (["a.sql", "--policies", "nowhere"], "There is no folder of policies"),
        (["a.sql", "--lake", "nowhere"], "no lake is called"),
    ],
)
def test_what_cannot_be_asked(
    check: Callable[..., Ran], here: Path, arguments: list[str], words: str
) -> None:
    (here / "a.sql").write_text(HARMLESS)
    (here / "empty").mkdir()
    ran = check(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xef\xbb\xbf" + HARMLESS.encode(), 0),
        (HARMLESS.replace("\n", "\r\n").encode(), 0),
        (OPENS.encode("utf-16"), 1),
        (b"\xef\xbb\xbf" + OPENS.replace(" ", "\r\n").encode(), 1),
        (OPENS.encode() + b"\xff\xfe\xfa", 2),
        (b"GRANT SELECT ON TABLE `a\x00b` TO ROLE public;", 2),
        (b"GRANT SELECT ON TABLE 'a", 2),
        (b"GRANT " + b"(" * 100_000, 2),
        (b"SELECT " + b"(" * 1_000 + b"1" + b")" * 1_000 + b";", None),
        (b"/* never closed GRANT SELECT ON TABLE a.b TO ROLE public;", 2),
        (b"GRANT/**/SELECT/*x*/ON--\nTABLE hr_payroll.salaries TO USER/**/dan/* ; */;", 1),
        (b"SELECT '" + b"x" * 1_100_000 + b"';", 2),
    ],
    ids=range(12),
)
def test_odd_files_get_a_clear_answer(
    check: Callable[..., Ran], here: Path, content: bytes, code: int | None
) -> None:
    (here / "odd.sql").write_bytes(content)
    ran = check("odd.sql")
    assert ran.code == code if code is not None else ran.code in (0, 2)
    if ran.code == 2:
        assert "odd.sql:" in ran.out
        assert "cannot-judge unparsed-statement" in ran.out


def test_a_file_that_cannot_be_read_does_not_hide_the_others(
    check: Callable[..., Ran], here: Path
) -> None:
    (here / "a.sql").write_bytes(b"\xff\xfa\x00broken")
    (here / "b.sql").write_text(OPENS)
    ran = check("a.sql", "b.sql", "--format", "json")
    assert ran.code == 2
    assert rules(ran) == ["unparsed-statement", "new-exposure"]


def test_the_caret_is_under_the_guilty_word(check: Callable[..., Ran], here: Path) -> None:
    (here / "a.sql").write_text(f"-- first\n{OPENS}")
    lines = check("a.sql").lines
    at = next(number for number, line in enumerate(lines) if line.endswith(OPENS.strip()))
    start = lines[at + 1].index("^")
    assert lines[at][start : start + lines[at + 1].count("^")] == "dan"


def test_what_changes_nobodys_access_is_said(check: Callable[..., Ran], here: Path) -> None:
    (here / "a.sql").write_text("DROP ROLE nobody_has_it;\n")
    ran = check("a.sql", "--format", "json")
    assert ran.code == 0
    assert any(
        note.startswith("a.sql:1: the statement changes nobody's access: ")
        for note in ran.json["notes"]
    )


def test_templates_get_their_values(check: Callable[..., Ran], here: Path) -> None:
    (here / "a.sql").write_text("GRANT SELECT ON TABLE {{ db }}.salaries TO USER ${hivevar:who};")
    assert check("a.sql").code == 2
    ran = check("a.sql", "--var", "db=hr_payroll", "--var", "who=dan", "--format", "json")
    assert (ran.code, rules(ran)) == (1, ["new-exposure"])


def test_fail_on(check: Callable[..., Ran], here: Path) -> None:
    (here / "a.sql").write_text(OPENS)
    severity = check("a.sql", "--format", "json").json["findings"][0]["severity"]
    assert severity in ("SEV1", "SEV2")
    assert check("a.sql", "--fail-on", severity).code == 1
    assert check("a.sql", "--fail-on", "SEV0").code == 0
    (here / "a.sql").write_text(UNREAD)
    assert check("a.sql", "--fail-on", "SEV0").code == 2


# Where it goes


def test_every_format_goes_to_its_own_place(
    check: Callable[..., Ran], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "summary.md"))
    (here / "summary.md").write_text("before\n")
    (here / "a.sql").write_text(OPENS)
    formats = ("github", "json", "sarif", "gitlab", "junit")
    options = [option for name in formats for option in ("--format", name)]
    targets = [option for name in ("-", *formats[1:]) for option in ("--output", name)]
    ran = check("a.sql", *options, *targets)
    assert ran.code == 1
    assert ran.out.startswith("::error file=a.sql,line=1,")
    assert json.loads(Path("json").read_text())["exit_code"] == 1
    assert json.loads(Path("sarif").read_text())["version"] == "2.1.0"
    assert json.loads(Path("gitlab").read_text())[0]["check_name"] == "new-exposure"
    assert "<failure" in Path("junit").read_text()
    assert Path("summary.md").read_text().startswith("before\n## Lakewarden:")


def test_the_effects_are_every_access_that_changes(
    check: Callable[..., Ran], audited: HandLake, here: Path
) -> None:
    (here / "a.sql").write_text("REVOKE SELECT ON TABLE hr_payroll.salaries FROM ROLE readers;")
    ran = check("a.sql", "--as", "etl", "--effects", "e.csv", "--format", "json")
    rows = list(csv.reader(Path("e.csv").read_text("utf-8").splitlines()))
    assert rows[0] == ["user", "right", "object", "before", "after"]
    assert rows[1:] == [["bob", "select", "hr_payroll.salaries", "allowed", "denied"]]
    (group,) = ran.json["effects"]["groups"]
    assert (group["people_sample"], group["objects_sample"]) == (["bob"], ["hr_payroll.salaries"])
    before = run("can", "bob", "select", "hr_payroll.salaries", config=audited.config)
    assert before.out.startswith("allowed")
    piped = check("a.sql", "--as", "etl", "--effects", "-", "--output", os.devnull)
    assert piped.lines == [",".join(row) for row in rows]


def test_a_check_is_in_the_trail_of_questions(own: HandLake, here: Path) -> None:
    (here / "a.sql").write_text(HARMLESS)
    run("check", "a.sql", "--as", "dan", config=own.config)
    said = json.loads((own.data / "questions.log").read_text("utf-8").splitlines()[-1])
    assert (said["question"], said["parameters"]) == ("check", {"files": ["a.sql"], "as": "dan"})


# What was answered for


def _allowed(rule: str, text: str = OPENS) -> str:
    return f'-- lakewarden: allow {rule} until=2999-01-01 reason="a test"\n{text}'


def test_comments_answer_for_what_is_mild(check: Callable[..., Ran], here: Path) -> None:
    (here / "a.sql").write_text(_allowed("new-exposure"))
    ran = check("a.sql", "--format", "json")
    severity = (ran.json["suppressed"] or ran.json["findings"])[0]["severity"]
    assert ran.code == (0 if severity not in ("SEV0", "SEV1") else 1)
    auditor = check("a.sql", "--no-suppressions", "--format", "json")
    assert (auditor.code, auditor.json["suppressed"]) == (1, [])
    (here / "a.sql").write_text(_allowed("exposure-to-everyone", TO_EVERYONE))
    grave = check("a.sql", "--format", "json")
    assert (grave.code, rules(grave)) == (1, ["exposure-to-everyone"])
    assert any("needs a waiver" in note for note in grave.json["notes"])


def test_the_baseline_covers_what_was_there_and_nothing_new(
    check: Callable[..., Ran], here: Path
) -> None:
    (here / "a.sql").write_text(OPENS)
    written = check("a.sql", "--baseline", "known.json", "--write-baseline")
    assert written.code == 0
    (here / "a.sql").write_text(f"{HARMLESS}\n\n{OPENS}")
    again = check("a.sql", "--baseline", "known.json", "--format", "json")
    assert (again.code, rules(again)) == (0, [])
    assert again.json["suppressed"][0]["suppressed"] == "in the baseline known.json"
    (here / "a.sql").write_text(TO_EVERYONE)
    other = check("a.sql", "--baseline", "known.json", "--format", "json")
    assert (other.code, rules(other)) == (1, ["exposure-to-everyone"])
    assert any("nothing matches the entry" in note for note in other.json["notes"])
    assert check("a.sql", "--baseline", "known.json", "--no-suppressions").code == 1
    (here / "a.sql").write_text(UNREAD)
    assert check("a.sql", "--baseline", "known.json", "--write-baseline").code == 2
    assert check("a.sql", "--baseline", "known.json").code == 2


# Who judges


def test_the_working_tree_judges_only_when_it_is_said(
    check: Callable[..., Ran], repository: Path
) -> None:
    (repository / "a.sql").write_text(OPENS)
    ran = check("a.sql", "--policies", "policies")
    assert "policies and waivers are read as they stand here" in ran.out
    based = check("a.sql", "--policies", "policies", "--policies-ref", "main")
    assert "as they stand here" not in based.out
    assert f"of policies at {git(repository, 'rev-parse', 'main')[:12]}" in based.out


def test_a_change_cannot_allow_itself(check: Callable[..., Ran], repository: Path) -> None:
    policy = (repository / "policies" / "policy.csv").read_text()
    waiver = (
        "waivers:\n  - id: mine\n    reason: mine\n    approver: me\n    expires: 2999-01-01\n"
        "    scope: {lake: main}\n"
    )
    commit(
        repository,
        new_dot_sql=OPENS,
        policies__policy_dot_csv=f"{policy}p, everyone, payroll, *, allow\n",
        policies__waivers_dot_yaml=waiver,
    )
    ran = check("--diff-base", "main", "--policies", "policies", "--format", "json")
    assert ran.code == 1
    assert ran.json["files"][0]["name"] == "new.sql"
    found = {each["rule"]: each for each in ran.json["findings"]}
    assert {"new-exposure", "policy-allows-more"} <= found.keys()
    allows = found["policy-allows-more"]
    assert allows["file"] == "policies/policy.csv"
    assert allows["place"]["line"] == len(policy.splitlines()) + 1
    assert allows["classes"] == ["payroll"]
    assert "policies/waivers.yaml is changed too" in ran.json["notes"]
    merged = check("new.sql", "--policies", "policies", "--format", "json")
    assert (merged.code, rules(merged)) == (0, [])


def test_a_waiver_of_the_base_answers_for_what_is_grave(
    check: Callable[..., Ran], repository: Path
) -> None:
    (repository / "policies" / "waivers.yaml").write_text(
        "waivers:\n  - id: open-day\n    reason: The open day\n    approver: ciso@example.com\n"
        "    expires: 2999-01-01\n    scope: {table: salaries, principal: 'role:public'}\n"
    )
    (repository / "a.sql").write_text(TO_EVERYONE)
    ran = check("a.sql", "--policies", "policies", "--format", "json")
    assert (ran.code, rules(ran)) == (0, [])
    assert "waived by open-day (ciso@example.com" in ran.json["suppressed"][0]["suppressed"]


def test_only_what_changes_is_checked(check: Callable[..., Ran], repository: Path) -> None:
    nothing = check("--diff-base", "main", "--policies", "policies")
    assert nothing.code == 0
    assert "no file of statements is changed" in nothing.out
    git(repository, "rm", "-q", "old.sql")
    (repository / "sub").mkdir()
    (repository / "sub" / "untracked.sql").write_text(HARMLESS)
    (repository / "notes.txt").write_text(UNREAD)
    ran = check("--diff-base", "main", "--policies", "policies", "--format", "json")
    assert (ran.code, [each["name"] for each in ran.json["files"]]) == (0, ["sub/untracked.sql"])
    assert any("old.sql is deleted" in note for note in ran.json["notes"])
    elsewhere = check("--diff-base", "main", "policies", "--policies", "policies")
    assert "no file of statements is changed" in elsewhere.out
    outside = check("--diff-base", "main", "/etc", "--policies", "policies")
    assert (outside.code, "is not in the repository" in outside.err) == (2, True)


def test_a_base_without_policies_judges_nothing(
    check: Callable[..., Ran], repository: Path
) -> None:
    shutil.copytree(repository / "policies", repository / "mine")
    commit(repository, new_dot_sql=HARMLESS)
    ran = check("--diff-base", "main", "--policies", "mine")
    assert ran.code == 2
    assert "There are no policies in mine at" in ran.err


def test_the_baseline_is_that_of_the_base(check: Callable[..., Ran], repository: Path) -> None:
    (repository / "new.sql").write_text(OPENS)
    check("new.sql", "--policies", "policies", "--baseline", "known.json", "--write-baseline")
    options = ("--diff-base", "main", "--policies", "policies", "--baseline", "known.json")
    own = check(*options)
    assert (own.code, "There is no baseline known.json at" in own.err) == (2, True)
    git(repository, "checkout", "-q", "main")
    git(repository, "add", "known.json")
    git(repository, "commit", "-qm", "baseline")
    assert check(*options).code == 0


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("p, group:hr-payroll, payroll, select, allow", "p, everyone, payroll, select, allow", 1),
        ("p, group:hr-payroll, payroll, select, allow\n", "", 0),
        ("# Pay and health", "# Payroll and health", 0),
        ("p, group:hr-payroll, payroll, select, allow", "p, group:hr-payroll, payroll, sel", 2),
    ],
)
def test_a_change_of_policies_alone(
    check: Callable[..., Ran], repository: Path, old: str, new: str, expected: int
) -> None:
    policy = repository / "policies" / "policy.csv"
    assert old in policy.read_text()
    policy.write_text(policy.read_text().replace(old, new))
    ran = check("--policies-change", "--policies", "policies", "--format", "json")
    assert ran.code == expected
    found = {each["rule"]: each for each in ran.json["findings"]}
    if expected == 2:
        assert found["policy-unreadable"]["file"] == "policies/policy.csv"
    elif expected:
        assert "cleo" in found["policy-allows-more"]["people_sample"]
    elif not new:
        assert found["policy-flags-more"]["severity"] == "note"
        assert found["policy-flags-more"]["people_sample"] == ["ann"]
    else:
        assert found == {}


# The snapshot


@pytest.fixture
def exported(audited: HandLake, here: Path) -> tuple[str, ...]:
    """The options for the payroll lake's snapshot as a signed file."""
    run("snapshot", "keygen", "signing.key")
    ran = run("snapshot", "export", "lake.snapshot", "--key", "signing.key", config=audited.config)
    assert ran.code == 0, ran.err
    policies = ("--policies", str(starter_policies()))
    snapshot = ("--snapshot", "lake.snapshot", "--key", "signing.pub")
    return (*snapshot, "--mode", "sql-standard", "--groups", "none", *policies)


def test_an_exported_snapshot_needs_no_settings_and_no_lake(
    exported: tuple[str, ...], here: Path, check: Callable[..., Ran]
) -> None:
    (here / "a.sql").write_text(OPENS)
    ran = run("check", "a.sql", *exported, "--format", "json")
    assert (ran.code, rules(ran)) == (1, ["new-exposure"])
    assert ran.json["snapshot"] == check("a.sql", "--format", "json").json["snapshot"]
    assert sorted(path.name for path in here.iterdir()) == [
        "a.sql",
        "lake.snapshot",
        "signing.key",
        "signing.pub",
    ]


def test_a_snapshot_that_is_not_what_was_signed_is_refused(
    exported: tuple[str, ...], here: Path
) -> None:
    (here / "a.sql").write_text(HARMLESS)
    run("snapshot", "keygen", "other.key")
    wrong = [option.replace("signing.pub", "other.pub") for option in exported]
    assert "is signed by the key" in run("check", "a.sql", *wrong).err
    unsaid = [option for option in exported if option not in ("--mode", "sql-standard")]
    assert "mode-unknown" in run("check", "a.sql", *unsaid).err
    content = bytearray((here / "lake.snapshot").read_bytes())
    content[len(content) // 2] ^= 1
    (here / "lake.snapshot").write_bytes(content)
    ran = run("check", "a.sql", *exported)
    assert (ran.code, "bad-snapshot" in ran.err) == (2, True)
    missing = [option.replace("lake.snapshot", "nowhere") for option in exported]
    assert "There is no file nowhere" in run("check", "a.sql", *missing).err


def test_a_stale_snapshot_is_never_a_pass(own: HandLake, here: Path) -> None:
    (here / "a.sql").write_text(HARMLESS)
    (taken,) = (own.data / "snapshots").glob("*/*/taken.json")
    said: dict[str, Any] = json.loads(taken.read_text())
    for age, code in ((2 * 86_400, 0), (4 * 86_400, 2), (-3_600, 2)):
        moment = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - age))
        taken.write_text(json.dumps({**said, "seen_at": moment, "taken_at": moment}))
        ran = run("check", "a.sql", "--format", "json", config=own.config)
        assert ran.code == code, age
        assert rules(ran) == ["stale-snapshot"] * (code // 2)
    moment = "2026-01-01T00:00:00+00:00"
    taken.write_text(json.dumps({**said, "seen_at": moment, "taken_at": moment}))
    assert run("check", "a.sql", "--max-age", "none", config=own.config).code == 0
    assert run("check", "a.sql", "--max-age", "1h", config=own.config).code == 2


def test_a_lake_whose_grants_were_not_read_is_never_a_pass(own: HandLake, here: Path) -> None:
    (here / "a.sql").write_text(HARMLESS)
    own.damage("DROP TABLE DB_PRIVS")
    given = ("--source", own.source, "--directory", own.directory, "--groups", "none")
    for mode, expected in (("legacy", ["partial-snapshot"]), ("sql-standard", [])):
        mine = ("--mode", mode, "--format", "json", "--policies", str(starter_policies()))
        ran = run("check", "a.sql", *given, *mine)
        assert rules(ran) == expected
        assert ran.code == len(expected) * 2
