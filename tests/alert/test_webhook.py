"""Every webhook verified by the `standardwebhooks` package's own verifier, byte for byte."""

import base64
import json
import logging
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.alert.bounding import bounded, to_bytes
from app.alert.channels import Channels, marked_test
from app.alert.retrying import DELIVERED
from app.alert.webhook import LARGEST_BODY, document, key_of, post
from app.core.errors import SettingsError
from app.settings import ChannelSettings, SecretText
from tests.alert.notices import HOSTILE, NOTICE, message, named
from tests.alert.receivers import loopback_sender, receiver

OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 24).decode()
OTHER = "whsec_" + base64.b64encode(b"x" * 24).decode()


def settings(url: str, *secrets: str) -> ChannelSettings:
    keys = tuple(SecretText(one, is_all_secret=True) for one in secrets)
    return ChannelSettings("hook", "webhook", SecretText(url, is_all_secret=True), keys)


@pytest.mark.parametrize("secrets", [(OLD,), (NEW, OLD)])
def test_what_a_receiver_gets_is_verified_by_every_secret_and_no_other(
    secrets: tuple[str, ...],
) -> None:
    with receiver() as target:
        channels = Channels({"hook": settings(target.url, *secrets)}, loopback_sender())
        for hostile in ("plain", *HOSTILE):
            assert channels.send("hook", message(named(hostile))).result == DELIVERED
    assert len(target.requests) == len(HOSTILE) + 1
    for request in target.requests:
        assert request.headers["webhook-id"] == NOTICE.id
        for secret in secrets:
            body = Webhook(secret).verify(request.body, request.headers)
            assert set(body) == {"type", "timestamp", "data"}
        with pytest.raises(WebhookVerificationError):
            Webhook(OTHER).verify(request.body, request.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(secrets[0]).verify(request.body + b" ", request.headers)
        assert len(request.body) < 20_480


def test_the_body_of_a_notice() -> None:
    body = document(message(), "https://lw.example.com/")
    assert (body["type"], body["timestamp"]) == ("incident.opened", NOTICE.at)
    data = body["data"]
    assert data["id"] == NOTICE.id
    assert (
        data["link"] == f"https://lw.example.com/v1/lakes/{NOTICE.lake}/incidents/{NOTICE.incident}"
    )
    assert (data["owners_to_tell"], data["grantors"]) == (["privacy@example.com"], ["hive_admin"])
    assert "cut" not in data
    still_open = document(message(named("x", "still-open")), None)
    assert still_open["type"] == "incident.still_open"


def test_the_same_message_gives_the_same_bytes_and_a_timestamp_of_the_attempt() -> None:
    first = post("https://x", [OLD], message(), datetime(2026, 6, 12, tzinfo=UTC), None)
    later = post("https://x", [OLD], message(), datetime(2026, 6, 13, tzinfo=UTC), None)
    assert first.body == later.body
    assert first.headers["webhook-id"] == later.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != later.headers["webhook-timestamp"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=600),
    lambda inner: st.lists(inner, max_size=60) | st.dictionaries(st.text(max_size=40), inner),
    max_leaves=15,
)


@settings_of(max_examples=40)
@given(st.dictionaries(st.text(max_size=100), JSON, max_size=12), st.integers(100, 5_000))
def test_any_document_is_cut_to_its_bound_and_says_so(data: dict[str, object], most: int) -> None:
    cut = bounded(data, most)
    assert len(to_bytes(cut)) <= most
    whole = json.loads(to_bytes(bounded(data, 10**9)))
    if len(to_bytes(whole)) > most:
        assert "cut" in cut
    else:
        assert cut == whole


def test_a_notice_as_large_as_can_be_stays_thin() -> None:
    huge = named("x" * 1_000_000)
    assert len(to_bytes(document(message(huge), None))) <= LARGEST_BODY
    many = document(message(*(named("y" * 5_000) for _ in range(50))), None)
    assert len(to_bytes(many)) <= LARGEST_BODY


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_not base64",
        "whsec_" + base64.b64encode(b"short").decode(),
        "whsec_" + base64.b64encode(b"l" * 65).decode(),
        "n" * 32,
    ],
)
def test_a_secret_that_is_none_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(SettingsError) as refused:
        key_of(secret)
    assert (
        not secret
        or secret.removeprefix("whsec_") not in str(refused.value)
        or not (secret.removeprefix("whsec_"))
    )


def test_a_secret_is_looked_up_at_each_attempt_and_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {"KEY": OLD}
    with receiver() as target, caplog.at_level(logging.DEBUG):
        secret = SecretText("${env:KEY}", environ=environ, is_all_secret=True)
        url = SecretText(target.url + "?token=hunter2", is_all_secret=True)
        channel = ChannelSettings("hook", "webhook", url, (secret,))
        channels = Channels({"hook": channel}, loopback_sender())
        channels.send("hook", marked_test(datetime.now(UTC)))
        environ["KEY"] = NEW
        channels.send("hook", marked_test(datetime.now(UTC)))
        del environ["KEY"]
        outcome = channels.send("hook", marked_test(datetime.now(UTC)))
    first, second = target.requests
    assert Webhook(OLD).verify(first.body, first.headers)["type"] == "test"
    Webhook(NEW).verify(second.body, second.headers)
    assert "no variable KEY" in outcome.detail
    seen = f"{channel!r} {channels!r} {outcome!r} {caplog.text}"
    for hidden in ("hunter2", OLD, NEW):
        assert hidden not in seen
