"""`demo`, `init`, `policy`, `token`, `db`, `serve`: setting up and keeping up."""

import shutil
import socket
from pathlib import Path

import pytest

from app.settings import load_settings
from app.store.schema import known_revisions
from app.wiring import starter_policies
from tests.commands.hand_lake import HandLake
from tests.commands.running import run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("LAKEWARDEN_CONFIG", raising=False)
    return folder


class TestInit:
    def test_what_it_writes_can_be_used_at_once(self, here: Path, audited: HandLake) -> None:
        ran = run(
            *("init", "--source", audited.source, "--mode", "sql-standard", "--lake", "eu.prod"),
            *("--directory", audited.directory, "--groups", "none"),
        )
        assert ran.code == 0
        assert ran.lines == [
            "Wrote lakewarden.toml and policies/.",
            "Read both, then: lakewarden audit",
        ]
        assert run("policy", "lint").code == 0
        assert run("audit").code == 1
        assert run("exposures", "--lake", "eu.prod", "--format", "json").json["total"] == 5

    def test_without_a_source_it_writes_an_example(self, here: Path) -> None:
        ran = run("init")
        assert (ran.code, "Name your lake's source" in ran.out) == (0, True)
        assert list(load_settings(None, {}).lakes) == ["main"]
        assert sorted(path.name for path in (here / "policies").iterdir()) == [
            *("classes.yaml", "model.conf", "policy.csv", "routes.yaml"),
            *("severity.yaml", "tests", "waivers.yaml"),
        ]

    def test_passwords_are_not_written(self, here: Path) -> None:
        ran = run("init", "--source", "metastore+postgresql://u:hunter2@h/m", "--lake", "eu-1")
        assert ran.code == 0
        assert "export EU_1_SOURCE_PASSWORD=…" in ran.out
        assert "hunter2" not in ran.out + (here / "lakewarden.toml").read_text("utf-8")

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [
            (("--lake", "my lake"), "'my lake' cannot name a lake"),
            (("--source", "metastor+sqlite:///x"), "no known source"),
            (("--directory", "people"), "no known directory"),
        ],
    )
    def test_misuse_writes_nothing(self, here: Path, arguments: tuple[str, ...], word: str) -> None:
        ran = run("init", *arguments)
        assert (ran.code, word in ran.err) == (2, True)
        assert list(here.iterdir()) == []

    @pytest.mark.parametrize("there", ["lakewarden.toml", "policies"])
    def test_nothing_is_replaced(self, here: Path, there: str) -> None:
        (here / there).mkdir()
        ran = run("init")
        assert (ran.code, f"{there} is already there" in ran.err) == (2, True)
        assert [path.name for path in here.iterdir()] == [there]


class TestPolicy:
    @pytest.fixture
    def policies(self, tmp_path: Path) -> Path:
        folder = tmp_path / "policies"
        shutil.copytree(starter_policies(), folder)
        return folder

    def test_the_starter_ones_are_in_order(self) -> None:
        ran = run("policy", "lint", "--policies", starter_policies())
        assert (ran.code, ran.out) == (0, "0 errors, 0 warnings\n")
        ran = run("policy", "test", "--policies", starter_policies())
        assert (ran.code, ran.out.endswith("as expected, 0 not\n")) == (0, True)
        as_json = run("policy", "lint", "--policies", starter_policies(), "--format", "json")
        assert as_json.json == []

    def test_findings_and_failures(self, policies: Path) -> None:
        with (policies / "policy.csv").open("a", encoding="utf-8") as file:
            file.write("p, group:nobody-has-it, payroll, select, deny\n")
            file.write("p, role:analyst, payroll, select, allow\n")
        ran = run("policy", "lint", "--policies", policies)
        assert "policies/policy.csv:" in ran.out
        text = (policies / "policy.csv").read_text("utf-8")
        (policies / "policy.csv").write_text(
            text.replace("group:hr-payroll", "group:other"), encoding="utf-8"
        )
        ran = run("policy", "test", "--policies", policies)
        assert (ran.code, " not\n" in ran.out) == (1, True)
        outcomes = run("policy", "test", "--policies", policies, "--format", "json")
        assert {each["passed"] for each in outcomes.json} == {True, False}

    def test_no_tests_are_no_success(self, policies: Path) -> None:
        shutil.rmtree(policies / "tests")
        ran = run("policy", "test", "--policies", policies)
        assert (ran.code, "There are no tests" in ran.err) == (2, True)

    @pytest.mark.parametrize("command", ["lint", "test"])
    def test_what_cannot_be_read(self, command: str, tmp_path: Path, audited: HandLake) -> None:
        ran = run("policy", command, "--policies", tmp_path)
        assert (ran.code, ran.err.startswith("lakewarden: bad-policy: ")) == (2, True)
        ran = run("policy", command, "--lake", "nope", config=audited.config)
        assert (ran.code, "known: main" in ran.err) == (2, True)
        assert run("policy", command, "--lake", "main", config=audited.config).code == 0


class TestTokens:
    def test_from_create_to_revoke(self, own: HandLake) -> None:
        assert "There is no token" in run("token", "list", config=own.config).out
        made = run("token", "create", "ci", "--lake", "main", config=own.config)
        assert (made.code, len(made.lines)) == (0, 1)
        assert "it is not shown again" in made.err
        other = run(
            *("token", "create", "ops", "--scope", "read", "--scope", "run", "--expires", "12h"),
            *("--format", "json"),
            config=own.config,
        ).json
        listed = run("token", "list", "--format", "json", config=own.config).json
        assert {row["name"]: row["lakes"] for row in listed} == {"ci": ["main"], "ops": None}
        assert made.lines[0] not in str(listed)
        assert other["token"] not in str(listed)
        assert run("token", "revoke", other["id"], config=own.config).out == (
            f"{other['id']} is revoked.\n"
        )
        text = run("token", "list", config=own.config)
        assert [line.split()[-1] for line in text.lines[2:]] == ["yes", "no"]

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [
            (("create",), "Missing argument"),
            (("create", "x", "--expires", "0d"), "write 12h or 30d"),
            (("create", "x", "--expires", "soon"), "write 12h or 30d"),
            (("create", "x", "--expires", "9999d"), "within 366 days"),
            (("create", "x", "--lake", "nope"), "known: main"),
            (("create", "x", "--scope", "all"), "all"),
            (("create", ""), "a token's name"),
            (("create", "a\nb"), "a token's name"),
            (("revoke", "nope"), "there is no token 'nope'"),
        ],
    )
    def test_misuse(self, own: HandLake, arguments: tuple[str, ...], word: str) -> None:
        ran = run("token", *arguments, config=own.config)
        assert (ran.code, word in ran.err) == (2, True)


class TestTheStateDatabase:
    def test_upgrade(self, tmp_path: Path) -> None:
        lake, newest = HandLake(tmp_path).write(), known_revisions()[-1]
        ran = run("db", "upgrade", config=lake.config)
        assert (ran.code, f"empty → {newest}" in ran.out) == (0, True)
        ran = run("db", "upgrade", config=lake.config)
        assert f"up to date at {newest}" in ran.out
        as_json = run("db", "upgrade", "--format", "json", config=lake.config).json
        assert (as_json["before"], as_json["now"]) == (newest, newest)

    @pytest.mark.parametrize("content", [b"", b"hello world, this is no database at all" * 100])
    def test_one_that_is_no_database(self, own: HandLake, content: bytes) -> None:
        for file in own.data.glob("state.db*"):
            file.unlink()
        (own.data / "state.db").write_bytes(content)
        ran = run("exposures", config=own.config)
        assert ran.code == 2
        assert ran.err.startswith("lakewarden: ")

    def test_a_password_in_its_address_is_not_shown(self, own: HandLake) -> None:
        text = own.config.read_text("utf-8")
        url = 'database = "postgresql://u:hunter2@127.0.0.1:1/state"\n'
        own.config.write_text(url + text, encoding="utf-8")
        for command in (("db", "upgrade"), ("status",), ("audit",), ("token", "list")):
            ran = run(*command, config=own.config)
            assert (ran.code, "127.0.0.1" in ran.err) == (2, True)
            assert "hunter2" not in ran.err


class TestServe:
    def test_not_to_the_world_without_a_token(self, own: HandLake) -> None:
        ran = run("serve", "--host", "0.0.0.0", config=own.config)
        assert (ran.code, "lakewarden token create" in ran.err) == (2, True)

    def test_not_where_it_cannot(self, own: HandLake) -> None:
        assert run("token", "create", "x", config=own.config).code == 0
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            for where in (
                ("127.0.0.1", port),
                ("192.0.2.1", "0"),
                ("no.such.host.invalid", "0"),
                ("::1%nowhere", "0"),
            ):
                ran = run("serve", "--host", where[0], "--port", where[1], config=own.config)
                assert (ran.code, "cannot be listened on" in ran.err) == (2, True)


class TestTheSettings:
    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("data = ", "lakewarden.toml:1"),
            ("dta = 'x'", "dta"),
            ("[lakes.x]\nsource = 'a'\nmode = 'sql'", "sql"),
            ("[lakes.x]\nmode = 'legacy'", "has no source"),
            ("[lakes.x]\nsource = '${env:NOT_SET_ANYWHERE}'\nmode = 'off'", "NOT_SET_ANYWHERE"),
        ],
    )
    def test_broken(self, tmp_path: Path, text: str, word: str) -> None:
        config = tmp_path / "lakewarden.toml"
        policies = f'policies = "{starter_policies()}"\n' if "lakes" in text else ""
        config.write_text(policies + text + "\n", encoding="utf-8")
        ran = run("audit", config=config)
        assert (ran.code, ran.out) == (2, "")
        assert word in ran.err

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        ran = run("audit", config=tmp_path / "nowhere.toml")
        assert (ran.code, "nowhere.toml" in ran.err) == (2, True)

    def test_which_lake(self, own: HandLake) -> None:
        text = own.config.read_text("utf-8")
        more = text[text.index("[lakes.main]") :].replace("main", "other")
        own.config.write_text(text + more, encoding="utf-8")
        ran = run("exposures", config=own.config)
        assert (ran.code, "Give --lake (main, other)" in ran.err) == (2, True)


class TestTheDemonstration:
    def test_prints_the_misconfiguration_first(self, demo_config: Path) -> None:
        report = (demo_config.parent / "report.txt").read_text("utf-8")
        start = report.index("THE WIDEST OPENING")
        first = report[start : report.index("EXPOSURES", start)]
        said = " ".join(first.split())
        assert "role people_analytics_convenience was granted to role public" in said
        assert "everyone (3,200 people) can select 45,000 tables" in said

    def test_answers_questions(self, demo_config: Path) -> None:
        ran = run("widest", "--limit", "1", "--format", "json", config=demo_config)
        assert (ran.json[0]["tables"], ran.json[0]["everyone"]) == (45_000, True)
        listed = run(
            *("exposures", "--kind", "everyone", "--severity", "SEV0", "--format", "json"),
            config=demo_config,
        )
        assert listed.json["total"] > 45_000
        table = listed.json["exposures"][-1]["object"]
        ran = run("who-can", "select", table, "--limit", "1", config=demo_config)
        assert ran.lines[0].startswith(f"everyone can select {table} (3,2")
        assert run("lineage", table, "--limit", "3", config=demo_config).code == 0
        stranger = run("what-can", "a stranger", "--limit", "3", config=demo_config)
        assert stranger.lines[-1].startswith("… and more: --after ")

    def test_a_second_audit_changes_nothing(self, demo_config: Path) -> None:
        before = run("snapshot", "list", "--format", "json", config=demo_config).json
        assert run("audit", config=demo_config).code == 2
        assert run("changes", config=demo_config).lines[0].endswith("nothing changed")
        after = run("snapshot", "list", "--format", "json", config=demo_config).json
        assert [row["snapshot"] for row in after] == [row["snapshot"] for row in before]
