"""What would go where and why, without sending; a marked test; channels from settings."""

from pathlib import Path

import pytest

from app.alert.retrying import DELIVERED, FAILED
from app.core.errors import NotFoundError, SettingsError
from app.delivering.building import build_channels, build_routing
from app.delivering.rehearsing import dry_run, send_test
from app.settings import load_settings
from app.store.database import Database, reading_scope
from app.store.decisions import list_decisions
from tests.alert.receivers import receiver
from tests.delivering.world import START, channel, event, world

ROUTES = """
routes:
  - {name: page, channel: pagerduty, severity: [SEV0, SEV1], second: rest, continue: true}
  - {name: rest, channel: ghost, lake: prod}
"""


def test_a_dry_run_says_what_would_go_where_and_why_and_does_nothing(database: Database) -> None:
    with (
        receiver() as target,
        world(database, ROUTES, channel("pagerduty", target.url, "pagerduty")) as it,
    ):
        notices = [event("opened", 1), event("opened", 1, "b" * 16, lake="x", severity="SEV3")]
        with reading_scope(database) as session:
            planned = dry_run(session, it.channels, it.routing, notices, START, bodies=True)
            assert list_decisions(session).items == ()
        assert target.requests == []
    page, rest, nowhere = planned
    assert (page.route, page.outcome) == ("page", "queued")
    assert "k" * 32 not in page.body
    assert '"event_action":"trigger"' in page.body
    assert str(page).startswith("SEV0 0123456789abcdef-1: page → pagerduty, queued at 08:00:10")
    assert "no channel ghost" in rest.reason
    assert (nowhere.outcome, nowhere.route) == ("nowhere", "")
    assert "rest wants another lake" in str(nowhere)


def test_a_test_is_sent_at_once_and_says_so(database: Database) -> None:
    with (
        receiver() as target,
        world(database, ROUTES, channel("hook", target.url)) as it,
    ):
        assert send_test(it.channels, "hook", START).result == DELIVERED
        assert b'"type":"test"' in target.requests[0].body
        with pytest.raises(NotFoundError, match=r"no channel is called 'hok' \(known: hook\)"):
            send_test(it.channels, "hok", START)


def test_channels_and_routes_come_from_settings(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "routes.yaml").write_text("routes:\n  - {name: a, channel: hook}\n")
    file = tmp_path / "lakewarden.toml"
    file.write_text(
        '[alerts]\nallow = ["127.0.0.0/8"]\nurl = "https://lw.example.com"\n'
        '[channels.hook]\nkind = "webhook"\nurl = "https://127.0.0.1:1/${env:T}"\n'
        'secret = ["${env:NEW}", "${env:OLD}"]\n'
    )
    settings = load_settings(file, {"T": "hunter2"})
    channels = build_channels(settings.alerts)
    assert channels.kinds == {"hook": "webhook"}
    assert build_routing(settings).routes[0].channel == "hook"
    outcome = send_test(channels, "hook", START)
    assert (outcome.result, "no variable NEW" in outcome.detail) == (FAILED, True)
    assert "hunter2" not in f"{settings!r} {channels!r} {outcome!r}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = 'webhook'\nurl = 'https://x'", r"\[channels.it\] has no secret"),
        ("kind = 'webhook'\nsecret = 'x'", r"\[channels.it\] has no url"),
        ("url = 'https://x'", r"\[channels.it\] has no kind"),
        ("kind = 'fax'", "'fax' is not known"),
        ("kind = 'mail'\nurl = 'smtp://x'", "from whom and to whom"),
        ("kind = 'slack'\nurl = 'https://x'\ntrail = true", "cannot take the trail"),
        ("kind = 'pagerduty'\nsecret = ['a', 'b']", "several secrets"),
        ("kind = 'slack'\nurl = 'https://x'\ncolour = 'red'", "not a setting"),
        ("kind = 'slack'\nurl = 'https://x'\nto = 'me'", "must be a list"),
        ("kind = 'slack'\nurl = 'https://x'\ntrail = 'yes'", "neither true nor false"),
    ],
)
def test_a_channel_that_lacks_something_is_refused_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "lakewarden.toml"
    file.write_text(f"[channels.it]\n{text}\n")
    with pytest.raises(SettingsError, match=said) as refused:
        load_settings(file, {})
    assert f"{file}:" in str(refused.value)
