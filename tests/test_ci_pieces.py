"""The ready pieces for CI: valid, and made of options that exist."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from app.commands.check import command

ROOT = Path(__file__).parents[1]
_OPTIONS = {name for each in command.params for name in each.opts}
_RULES = ROOT / "docs" / "rules"


@pytest.mark.parametrize(
    ("schema", "file", "more"),
    [
        ("vendor.github-actions", "action.yml", []),
        (
            "vendor.gitlab-ci",
            "deploy/gitlab/lakewarden-check.yml",
            ["--data-transform", "gitlab-ci"],
        ),
    ],
)
def test_a_piece_is_valid(schema: str, file: str, more: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *more, file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_hooks_are_what_pre_commit_reads() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= hook.keys()
        re.compile(hook["files"])
    assert re.search(hooks[0]["files"], "grants/a.SQL".lower())


def test_pieces_use_options_that_exist() -> None:
    for file in ("action.yml", "deploy/gitlab/lakewarden-check.yml", "docs/ci.md"):
        text = (ROOT / file).read_text()
        for line in text.splitlines():
            if "snapshot keygen" in line or "snapshot export" in line or "pip install" in line:
                continue
            for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", line):
                assert option in _OPTIONS | {"--limited", "--write-baseline"}, (file, option)


def _run_action(tmp_path: Path, files: str) -> tuple[int, list[str], str]:
    """The action's script with a lakewarden that says what it was given, and ends with 1."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    step = action["runs"]["steps"][1]
    fake = tmp_path / "lakewarden"
    fake.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"open({str(tmp_path / 'given.json')!r}, 'w').write(json.dumps(sys.argv[1:]))\n"
        "sys.exit(1)\n"
    )
    fake.chmod(0o755)
    values = dict.fromkeys(step["env"], "")
    values |= {"BASE": "$(touch hacked)`touch hacked`; main", "SNAPSHOT": "a b", "KEY": "k"}
    values |= {"MODE": "legacy", "POLICIES": "policies", "DIALECT": "hive", "MAX_AGE": "3d"}
    values |= {"FAIL_ON": "SEV4", "FILES": files, "SARIF": "out.sarif"}
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=tmp_path,
        env={
            **values,
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
        },
        check=False,
    )
    given = json.loads((tmp_path / "given.json").read_text())
    return ran.returncode, given, (tmp_path / "output").read_text()


def test_the_actions_script_passes_inputs_as_they_are(tmp_path: Path) -> None:
    code, given, output = _run_action(tmp_path, "grants/*.sql more")
    assert (code, output) == (1, "exit-code=1\n")
    assert given[:3] == ["check", "--diff-base", "$(touch hacked)`touch hacked`; main"]
    assert given[given.index("--snapshot") + 1] == "a b"
    assert given[-3:] == ["--", "grants/*.sql", "more"]
    assert not (tmp_path / "hacked").exists()
    assert {word for word in given if word.startswith("--") and word != "--"} <= _OPTIONS
    assert _run_action(tmp_path, "")[1][-1] == "--"


def test_every_rule_has_a_page_with_all_it_needs() -> None:
    from app.core.check_rules import every_rule

    pages = {path.stem: path.read_text("utf-8") for path in _RULES.glob("*.md")}
    index = pages.pop("README")
    assert set(pages) == set(every_rule())
    for name, page in pages.items():
        assert page.startswith(f"# `{name}`\n")
        for heading in ("## Problem", "## Example", "```sql", "## Mend", "## What decides"):
            assert heading in page, name
        assert f"({name}.md)" in index
    for rule in every_rule().values():
        assert rule.title
        assert rule.help
