"""routes.yaml: read, refused with file and line, and linted."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.commands.policy import command
from app.core.errors import PolicyError
from app.core.routes import Routing
from app.policy.lint_routes import lint_routes
from app.policy.load_routes import load_routes, read_routes

FILE = "policies/routes.yaml"
CHANNELS = {"pagerduty": "pagerduty", "mail": "mail", "chat": "slack", "siem": "ocsf"}
GOOD = """
group_wait: 20s
routes:
  - name: page
    channel: pagerduty
    severity: [SEV0, sev1]
    second: mail
    group_wait: 0s
    continue: true
  - {name: siem, channel: siem, continue: true, repeat_interval: never}
  - {name: chat, channel: chat, second: mail, class: payroll, lake: "prod*", group_by: incident}
  - {name: mail, channel: mail, second: chat, repeat_interval: 1d}
"""


def read(text: str) -> Routing:
    return read_routes(text, FILE)


def test_routes_are_read() -> None:
    routing = read(GOOD)
    page, siem, chat, mail = routing.routes
    assert page.matchers == {"severity": ("SEV0", "SEV1")}
    assert (page.second, page.continues, page.group_wait, page.group_interval) == (
        "mail",
        True,
        0.0,
        300.0,
    )
    assert (siem.repeat_interval, siem.group_wait) == (0.0, 20.0)
    assert chat.matchers == {"class": ("payroll",), "lake": ("prod*",)}
    assert (chat.group_by, mail.group_by) == (("incident",), ("lake",))
    assert (mail.repeat_interval, mail.line) == (86_400.0, 12)


def test_the_starter_is_commented_and_its_example_is_good(tmp_path: Path) -> None:
    starter = Path(__file__).parents[2] / "policies"
    assert load_routes(starter).routes == ()
    text = (starter / "routes.yaml").read_text()
    begin = text.index("# routes:")
    routing = read("\n".join(line[2:] for line in text[begin:].splitlines()))
    channels = {route.channel: "slack" for route in routing.routes} | {"siem": "ocsf"}
    assert lint_routes(routing, channels) == ()
    assert load_routes(tmp_path) == Routing((), f"{tmp_path.name}/routes.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("routes: 3", ":1: `routes` must be a list"),
        ("routes:\n  - channel: x", ":2: a route has no name"),
        ("routes:\n  - name: a", ":2: the route `a` has no channel"),
        ("routes:\n  - {name: 'a b', channel: x}", "cannot name a route"),
        ("routes:\n  - {name: a, channel: x}\n  - {name: a, channel: y}", "a second time"),
        ("routes:\n  - {name: a, channel: x, second: b}", "the second route `b` of `a` is not"),
        ("routes:\n  - {name: a, channel: x, second: a}", "its own second route"),
        ("routes:\n  - {name: a, channel: x, severity: SEV9}", "`SEV9` is no severity"),
        ("routes:\n  - {name: a, channel: x, severity: []}", "severity is empty"),
        ("routes:\n  - {name: a, channel: x, event: opend}", "Did you mean opened"),
        ("routes:\n  - {name: a, channel: x, group_by: severity}", "groups by `severity`"),
        ("routes:\n  - {name: a, channel: x, group_wait: soon}", "group_wait is `soon`"),
        ("routes:\n  - {name: a, channel: x, group_wait: -1s}", "group_wait is"),
        ("routes:\n  - {name: a, channel: x, repeat_interval: 1s}", "at least 60s, or never"),
        ("routes:\n  - {name: a, channel: x, group_wait: 8d}", "at most 7d"),
        ("routes:\n  - {name: a, channel: x, continue: maybe}", "continue is `maybe`"),
        ("routes:\n  - {name: a, channel: x, severity: SEV0, group_wait: 11s}", "10 s at most"),
        ("routes:\n  - {name: a, channel: x, color: red}", "a route has no key `color`"),
        ("route: []", "routes.yaml has no key `route`"),
        ("routes: [a", "this is not YAML"),
        ("routes:\n  - &x {name: a, channel: x}", "anchors"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        read(text)
    assert str(refused.value).startswith(FILE)
    assert said in str(refused.value)


def rules(text: str, **known: object) -> list[tuple[str, str, int]]:
    found = lint_routes(read(text), **{"channels": CHANNELS, **known})  # type: ignore[arg-type]
    return [(one.rule, one.severity, one.line) for one in found]


def test_good_routes_have_no_findings() -> None:
    assert rules(GOOD, classes=("payroll",), lakes=("prod-eu",)) == []


def test_loud_routes_need_a_second_one_of_another_channel() -> None:
    assert rules("routes:\n  - {name: a, channel: chat}") == [("route-without-second", "error", 2)]
    same = (
        "routes:\n  - {name: a, channel: chat, second: b}\n  - {name: b, channel: chat, second: a}"
    )
    assert {rule for rule, _, _ in rules(same)} == {"second-route-same-channel"}
    globbed = "routes:\n  - {name: a, channel: chat, severity: 'SEV*'}"
    assert ("route-without-second", "error", 2) in rules(globbed)
    quiet = "routes:\n  - {name: a, channel: chat, severity: [SEV2, SEV3, SEV4]}"
    assert "route-without-second" not in {rule for rule, _, _ in rules(quiet)}


def test_every_severity_reaches_somebody() -> None:
    found = rules("routes:\n  - {name: a, channel: chat, second: b, lake: prod}\n"
                  "  - {name: b, channel: mail, second: a, severity: [SEV1, SEV2]}")  # fmt: skip
    assert [rule for rule in found if rule[0] == "severity-without-route"] == [
        ("severity-without-route", "error", 3),
        ("severity-without-route", "warning", 3),
        ("severity-without-route", "warning", 3),
    ]
    assert rules("routes: []") == [("no-routes", "warning", 0)]


def test_a_route_that_matches_nothing_is_said() -> None:
    text = """routes:
  - {name: all, channel: chat, second: b, severity: ["SEV?"]}
  - {name: under, channel: mail, second: b, severity: SEV3, lake: prod}
  - {name: b, channel: mail, second: all}
"""
    assert ("route-never-matches", "warning", 3) in rules(text)
    typo = GOOD.replace("payroll", "payrol")
    found = rules(typo, classes=("payroll",), lakes=("staging",))
    assert [rule for rule, _, _ in found] == ["route-never-matches"] * 2


def test_an_unknown_channel_is_an_error() -> None:
    assert ("unknown-channel", "error", 2) in rules("routes:\n  - {name: a, channel: page}")
    nobody = lint_routes(read("routes:\n  - {name: a, channel: page}"))
    assert "unknown-channel" not in {one.rule for one in nobody}


def test_the_command_lints_routes_with_the_rest(tmp_path: Path) -> None:
    starter = Path(__file__).parents[2] / "policies"
    shutil.copytree(starter, tmp_path / "policies")
    (tmp_path / "policies" / "routes.yaml").write_text(
        "routes:\n  - {name: a, channel: chat, second: b}\n  - {name: b, channel: ghost, second: a}"
    )
    config = tmp_path / "lakewarden.toml"
    config.write_text('[channels.chat]\nkind = "slack"\nurl = "https://hooks.slack.com/x"\n')
    arguments = ["lint", "--policies", str(tmp_path / "policies"), "--config", str(config)]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 1
    assert "routes.yaml:3: error: the route `b` goes to the channel `ghost`" in result.output
