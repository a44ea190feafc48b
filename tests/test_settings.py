"""Settings: read from file and environment, refused with the line, shown without secrets."""

import re
from pathlib import Path

import pytest

from app.core.errors import NotFoundError, SettingsError
from app.settings import CONFIG_VARIABLE, FILE_NAME, KEYS, MODES, SecretText, load_settings
from app.settings.template import has_password, password_variable, template

DOCUMENT = Path(__file__).parent.parent / "docs" / "settings.md"
LAKE = '[lakes.prod]\nsource = "metastore+sqlite:///m.db"\n'


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str, file: str = FILE_NAME) -> Path:
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refusal(text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(written(text), environ or {})
    return str(caught.value)


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings(environ={})
    assert settings.file is None
    assert (settings.data, settings.policies) == (Path("data"), Path("policies"))
    assert settings.database.reveal() == "sqlite:///data/state.db"
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert (settings.retention.keep_days, settings.retention.keep_count) == (90, 10)
    assert (settings.log.format, settings.log.level) == ("plain", "info")
    assert settings.pepper is None
    assert settings.lakes == {}


def test_everything_can_be_written() -> None:
    settings = load_settings(
        written(
            """
            data = "/var/lake"
            database = "postgresql://me@db/state"
            policies = "rules"
            [server]
            host = "0.0.0.0"
            port = 9000
            [retention]
            keep_days = 0
            keep_count = 3
            [tokens]
            pepper = "a pepper of some length"
            [log]
            format = "json"
            level = "debug"
            [lakes.prod]
            source = "metastore+postgresql://me@db/metastore"
            mode = "sql-standard"
            directory = "csv:people"
            groups = "none"
            everyone_at = 1
            schedule = "0 4 * * *"
            policies = "prod-rules"
            [lakes."eu.lab"]
            source = "thrift://host:9083"
            """
        ),
        {},
    )
    prod, lab = settings.lake("prod"), settings.lake("eu.lab")
    assert (settings.data, settings.policies) == (Path("/var/lake"), Path("rules"))
    assert settings.database.reveal() == "postgresql://me@db/state"
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 9000)
    assert (settings.retention.keep_days, settings.retention.keep_count) == (0, 3)
    assert settings.pepper is not None
    assert settings.pepper.reveal() == "a pepper of some length"
    assert (settings.log.format, settings.log.level) == ("json", "debug")
    assert prod.source.reveal() == "metastore+postgresql://me@db/metastore"
    assert prod.directory is not None
    assert prod.directory.reveal() == "csv:people"
    assert (prod.mode, prod.groups, prod.everyone_at) == ("sql-standard", "none", 1.0)
    assert (prod.schedule, prod.policies) == ("0 4 * * *", Path("prod-rules"))
    assert (lab.mode, lab.groups, lab.directory, lab.everyone_at) == ("auto", None, None, 0.9)
    assert lab.policies == Path("rules")


def test_the_file_is_found_in_this_order() -> None:
    written("[server]\nport = 1")
    assert load_settings(environ={}).server.port == 1
    named = written("[server]\nport = 2", "elsewhere/other.toml")
    assert load_settings(environ={CONFIG_VARIABLE: str(named)}).server.port == 2
    given = written("[server]\nport = 3", "given.toml")
    assert load_settings(given, {CONFIG_VARIABLE: str(named)}).server.port == 3


def test_paths_start_at_the_folder_of_the_file() -> None:
    written(
        'data = "d"\ndatabase = "sqlite:///s.db"\n[lakes.a]\nsource = "metastore+sqlite:///m.db"\n'
        'directory = "csv:people"\n[lakes.b]\nsource = "metastore+sqlite:////abs/m.db"\n'
        'directory = "csv:/abs/people"\npolicies = "/abs/rules"',
        "etc/lakewarden.toml",
    )
    settings = load_settings(Path("etc/lakewarden.toml"), {})
    a, b = settings.lake("a"), settings.lake("b")
    assert (settings.data, settings.policies) == (Path("etc/d"), Path("etc/policies"))
    assert settings.database.reveal() == "sqlite:///etc/s.db"
    assert a.source.reveal() == "metastore+sqlite:///etc/m.db"
    assert a.directory is not None
    assert a.directory.reveal() == "csv:etc/people"
    assert a.policies == Path("etc/policies")
    assert b.source.reveal() == "metastore+sqlite:////abs/m.db"
    assert b.directory is not None
    assert b.directory.reveal() == "csv:/abs/people"
    assert b.policies == Path("/abs/rules")


def test_the_environment_overrides_the_file() -> None:
    path = written('data = "d"\n[server]\nport = 1\n[log]\nlevel = "error"', "etc/l.toml")
    environ = {
        "LAKEWARDEN_DATA": "from/environment",
        "LAKEWARDEN_SERVER_PORT": "4242",
        "LAKEWARDEN_TOKENS_PEPPER": "a pepper from outside",
        "LAKEWARDEN_LOG_LEVEL": "",
    }
    settings = load_settings(path, environ)
    assert settings.data == Path("from/environment")
    assert settings.database.reveal() == "sqlite:///from/environment/state.db"
    assert settings.server.port == 4242
    assert settings.pepper is not None
    assert settings.log.level == "error"


@pytest.mark.parametrize("key", [key for key in KEYS if key.variable], ids=lambda key: key.name)
def test_each_variable_is_read(key: object) -> None:
    name = getattr(key, "variable", "")
    with pytest.raises(SettingsError, match=name):
        load_settings(environ={name: " \x00 "})


GOLDEN = [
    ("data = ", "lakewarden.toml:1: not valid TOML: invalid value. Mend that line; texts stand "
     "in quotes"),
    ("[server]\n\nport = eight", "lakewarden.toml:3: not valid TOML: invalid value. Mend that "
     "line; texts stand in quotes"),
    ("[server]\nhots = 1", "lakewarden.toml:2: server.hots is not a setting. Did you mean host? "
     "Known here: host, port"),
    ("# a comment\ndatabse = 1", "lakewarden.toml:2: databse is not a setting. Did you mean "
     "database? Known here: data, database, policies, [server], [retention], [tokens], [log], "
     "[alerts], [lakes.NAME], [channels.NAME]"),
    ("[lake.prod]\nsource = 'x'", "lakewarden.toml:1: lake is not a setting. Did you mean "
     "[lakes.NAME]? Known here: data, database, policies, [server], [retention], [tokens], [log], "
     "[alerts], [lakes.NAME], [channels.NAME]"),
    ("[server]\nport = 70000", "lakewarden.toml:2: server.port: 70000 is no whole number from 0 "
     "to 65535. Write a number from 0 to 65535, without quotes"),
    ("[server]\nport = '80'", "lakewarden.toml:2: server.port: '80' is no whole number from 0 to "
     "65535. Write a number from 0 to 65535, without quotes"),
    ("[server]\nport = true", "lakewarden.toml:2: server.port: True is no whole number from 0 to "
     "65535. Write a number from 0 to 65535, without quotes"),
    ("server = 1", "lakewarden.toml:1: server must be a table. Write [server] on its own line, "
     "its keys below"),
    ("[lakes]\nprod = 1", "lakewarden.toml:2: lakes.prod must be a table. Write [lakes.prod] on "
     "its own line, its keys below"),
    ("[lakes.prod]\nmode = 'auto'", "lakewarden.toml:1: [lakes.prod] has no source. Add, for "
     'example, source = "metastore+postgresql://user@host/metastore"'),
    (LAKE + "mode = 'kerberos'", "lakewarden.toml:3: lakes.prod.mode: 'kerberos' is not known. "
     'Choose one of "sql-standard", "legacy", "ranger", "off", "auto"'),
    (LAKE + "everyone_at = 90", "lakewarden.toml:3: lakes.prod.everyone_at: 90 is no share above "
     "0 and up to 1. Write for example 0.9, without quotes"),
    (LAKE + "directory = ''", "lakewarden.toml:3: lakes.prod.directory: must be a text in quotes, "
     'on one line, neither empty nor with spaces around it. Write it as "…"'),
    (LAKE + "directory = '${vault:people}'", "lakewarden.toml:3: lakes.prod.directory: the "
     "reference ${vault:people} is not understood. Write ${env:NAME} or ${file:PATH}"),
    ("[lakes.'../x']\nsource = 'x'", "lakewarden.toml:1: '../x' cannot name a lake. Use letters, "
     "digits, dots, dashes and underscores, at most 64"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), GOLDEN, ids=[text for text, _ in GOLDEN])
def test_what_is_wrong_is_said_with_file_line_and_mend(text: str, message: str) -> None:
    assert refusal(text) == message


def test_a_bad_variable_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^LAKEWARDEN_SERVER_PORT: 'tcp://10\.0\.0\.1' is no "):
        load_settings(environ={"LAKEWARDEN_SERVER_PORT": "tcp://10.0.0.1"})


def test_a_file_that_cannot_be_read_is_said() -> None:
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read: No such file"):
        load_settings(Path("none.toml"), {})
    Path("latin.toml").write_bytes(b'data = "\xe9"')
    with pytest.raises(SettingsError, match=r"latin\.toml: not UTF-8"):
        load_settings(Path("latin.toml"), {})
    Path("folder.toml").mkdir()
    with pytest.raises(SettingsError, match=r"folder\.toml: cannot be read: Is a directory"):
        load_settings(Path("folder.toml"), {})


def test_a_byte_order_mark_is_no_trouble() -> None:
    Path("bom.toml").write_bytes(b"\xef\xbb\xbf[server]\r\nport = 1\r\n")
    assert load_settings(Path("bom.toml"), {}).server.port == 1


def test_an_unknown_lake_is_named_with_the_known_ones() -> None:
    settings = load_settings(written(LAKE), {})
    with pytest.raises(NotFoundError, match=r"no lake is called 'dev' \(known: prod\)"):
        settings.lake("dev")


PASSWORD = "p@ss:w/rd?&#%"


def source_of(text: str, environ: dict[str, str] | None = None) -> SecretText:
    settings = load_settings(written(f"[lakes.prod]\nsource = '{text}'"), environ or {})
    return settings.lake("prod").source


@pytest.mark.parametrize(
    ("text", "revealed"),
    [
        ("x://me:${env:PW}@db/m", "x://me:p%40ss%3Aw%2Frd%3F%26%23%25@db/m"),
        ("x://${env:PW}:y@db/m", "x://p%40ss%3Aw%2Frd%3F%26%23%25:y@db/m"),
        ("x://db/m?password=${env:PW}", "x://db/m?password=p%40ss%3Aw%2Frd%3F%26%23%25"),
        ("${env:PW}", PASSWORD),
        ("x://${env:HOST}/${env:HOST}", "x://db.example.com/db.example.com"),
        ("x://me@${env:HOST}:1/m", "x://me@db.example.com:1/m"),
        ("x://me:${env:PW}@${env:HOST}/m", "x://me:p%40ss%3Aw%2Frd%3F%26%23%25@db.example.com/m"),
        ("csv:${env:HOST}", "csv:db.example.com"),
    ],
)
def test_references_are_looked_up(text: str, revealed: str) -> None:
    environ = {"PW": PASSWORD, "HOST": "db.example.com"}
    assert source_of(text, environ).reveal() == revealed


def test_a_reference_to_a_file_starts_at_the_settings_file() -> None:
    written("hunter2\n", "etc/secret")
    path = written("[lakes.a]\nsource = 'x://me:${file:secret}@db/m'", "etc/l.toml")
    assert load_settings(path, {}).lake("a").source.reveal() == "x://me:hunter2@db/m"


def test_references_are_looked_up_late() -> None:
    missing = source_of("x://me:${env:NOWHERE}@db/m")
    with pytest.raises(SettingsError) as caught:
        missing.reveal()
    assert str(caught.value) == (
        "lakewarden.toml:2: lakes.prod.source: the environment has no variable NOWHERE, which "
        "${env:NOWHERE} refers to. Set NOWHERE, or refer to a file with ${file:PATH}"
    )
    with pytest.raises(SettingsError, match=r"the file nowhere, which .* cannot be read: No such"):
        source_of("x://me:${file:nowhere}@db/m").reveal()
    Path("binary").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        source_of("${file:binary}").reveal()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x://me:hunter2@db/m", "x://me:***@db/m"),
        ("x://me:hun@ter/2@db/m", "x://me:***@db/m"),
        ("x://:hunter2@db/m", "x://:***@db/m"),
        ("x://me:${env:PW}@db/m", "x://me:${env:PW}@db/m"),
        ("x://db/m?user=me&password=hunter2&ssl=on", "x://db/m?user=me&password=***&ssl=on"),
        ("jdbc:x://db;Secret_Key=hunter2", "jdbc:x://db;Secret_Key=***"),
        ("x://db:5432/m", "x://db:5432/m"),
    ],
)
def test_secrets_are_not_shown(text: str, shown: str) -> None:
    source = source_of(text, {"PW": "hunter2"})
    assert str(source) == f"{source}" == shown
    for sight in (repr(source), repr(load_settings(Path(FILE_NAME), {"PW": "hunter2"}))):
        assert "hunter2" not in sight
        assert "hun@ter" not in sight


def test_the_pepper_is_not_shown() -> None:
    assert str(load_settings(environ={"LAKEWARDEN_TOKENS_PEPPER": "${env:P}"}).pepper) == "${env:P}"
    settings = load_settings(written('[tokens]\npepper = "hunter2 hunter2"'), {})
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("directory", [None, "csv:people", "ldap://me:hunter2@dc/dc=x"])
def test_the_template_is_accepted_as_it_is(mode: str, directory: str | None) -> None:
    source = 'metastore+postgresql://me:hun"ter2@db/m'
    text = template(source, mode, directory, groups="none", lake="eu-1")
    assert "hun" not in text.replace("hundred", "")
    environ = {password_variable("eu-1", key): "hunter2" for key in ("source", "directory")}
    settings = load_settings(written(text), environ)
    lake = settings.lake("eu-1")
    assert lake.source.reveal() == "metastore+postgresql://me:hunter2@db/m"
    assert (lake.mode, lake.groups) == (mode, "none")
    assert (lake.directory.reveal() if lake.directory else None) == directory
    defaults = load_settings(written("", "empty.toml"), {})
    assert (settings.server, settings.retention, settings.log) == (
        defaults.server,
        defaults.retention,
        defaults.log,
    )


def test_the_template_quotes_any_source() -> None:
    source = 'metastore+sqlite:////tmp/it\'s "a" \\ fine\x7f.db'
    text = template(source.replace("\x7f", ""), "legacy")
    assert load_settings(written(text), {}).lake("main").source.written == source.replace(
        "\x7f", ""
    )
    assert "\x7f" not in template(source, "legacy")


def test_the_template_names_every_setting() -> None:
    text = template("metastore+sqlite:///m.db", "auto")
    for key in KEYS:
        table, _, name = key.name.rpartition(".")
        if name != "schedule":  # comes with the worker
            assert re.search(rf"^(# )?{name} = ", text, re.MULTILINE), key.name
        assert not table or f"[{table.replace('NAME', 'main')}]" in text


def test_a_password_is_told_from_a_reference() -> None:
    assert has_password("x://me:hunter2@db")
    assert not has_password("x://me:${env:PW}@db")
    assert not has_password("x://me@db:1234/x")


def test_every_setting_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| (?:`(\w+)`)? ?\| (.*?) \|", DOCUMENT.read_text(), re.M)
    documented = {name: variable for name, variable, _ in rows}
    assert documented == {key.name: key.variable or "" for key in KEYS}
    assert CONFIG_VARIABLE in DOCUMENT.read_text()
    for name, _, default in rows:
        (key,) = (key for key in KEYS if key.name == name)
        if key.default is not None:
            assert default == f"`{key.default}`"


def test_the_documented_example_is_accepted() -> None:
    example = DOCUMENT.read_text().split("## Example")[1]
    text = example.partition("```toml\n")[2].partition("```")[0]
    assert set(load_settings(written(text), {}).lakes) == {"prod", "lab"}


def test_reading_settings_is_cheap_to_import() -> None:
    import subprocess
    import sys

    code = "import sys, app.settings; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sqlalchemy", "pyarrow", "difflib", "yaml"} & set(done.stdout.split())
