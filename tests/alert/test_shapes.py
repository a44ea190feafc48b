"""PagerDuty's, Slack's and Alertmanager's documented shapes, with hostile names in them."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from app.alert import alertmanager, pagerduty, slack
from app.alert.bounding import to_bytes
from app.alert.channels import Channels, marked_test
from app.alert.retrying import DELIVERED, REFUSED
from app.alert.wording import words
from app.core.errors import SettingsError
from app.core.incidents import EVENT_KINDS
from app.settings import ChannelSettings, SecretText
from tests.alert.notices import HOSTILE, NOTICE, message, named
from tests.alert.receivers import Handler, Received, loopback_sender, receiver

NOW = datetime(2026, 6, 12, 9, 0, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
BASE = "https://lw.example.com"

_LINE = {"type": "string", "pattern": r"^[^\x00-\x1f\x7f\u202e\u2066\u2028]*$"}
PAGERDUTY = {
    "type": "object",
    "required": ["routing_key", "event_action", "dedup_key"],
    "additionalProperties": False,
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "client": {"type": "string"},
        "client_url": {"type": "string", "pattern": "^https://"},
        "links": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["href"],
                "properties": {"href": {"type": "string"}, "text": {"type": "string"}},
                "additionalProperties": False,
            },
        },
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "additionalProperties": False,
            "properties": {
                "summary": {**_LINE, "minLength": 1, "maxLength": 1024},
                "source": {**_LINE, "minLength": 1},
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string"},
                "component": {"type": "string"},
                "group": {"type": "string"},
                "class": {"type": "string"},
                "custom_details": {"type": "object"},
            },
        },
    },
    "if": {"properties": {"event_action": {"const": "trigger"}}},
    "then": {"required": ["payload"]},
}


def _text(longest: int) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "text"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": "plain_text"},
            "text": {"type": "string", "minLength": 1, "maxLength": longest},
            "emoji": {"type": "boolean"},
        },
    }


def _block(kind: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", *properties],
        "additionalProperties": False,
        "properties": {"type": {"const": kind}, **properties},
    }


_BUTTON = _block("button", text=_text(75), url={"type": "string", "maxLength": 3000})
SLACK = {
    "type": "object",
    "required": ["text", "blocks"],
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 40_000},
        "blocks": {
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": {
                "oneOf": [
                    _block("header", text=_text(150)),
                    _block("section", text=_text(3000)),
                    _block("context", elements={"type": "array", "items": _text(3000)}),
                    _block("actions", elements={"type": "array", "items": _BUTTON}),
                ]
            },
        },
    },
}
_STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
ALERTMANAGER = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["labels", "startsAt", "endsAt"],
        "additionalProperties": False,
        "properties": {
            "labels": {**_STRINGS, "required": ["alertname"]},
            "annotations": _STRINGS,
            "startsAt": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT[\d:.]+Z$"},
            "endsAt": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT[\d:.]+Z$"},
            "generatorURL": {"type": "string", "pattern": "^https://"},
        },
    },
}


def valid(schema: dict[str, Any], document: object) -> None:
    as_sent = json.loads(to_bytes(document))
    Draft202012Validator(schema).validate(as_sent)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_breaks_no_shape(hostile: str) -> None:
    said = message(named(hostile))
    valid(PAGERDUTY, pagerduty.document(KEY, said, BASE))
    valid(SLACK, slack.document(said, BASE))
    valid(ALERTMANAGER, alertmanager.document(said, NOW, BASE))


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_shown_and_not_acted_on(hostile: str) -> None:
    payload = slack.document(message(named(hostile)), BASE)
    assert "<" not in payload["text"]
    assert ">" not in payload["text"]
    texts = json.dumps(payload["blocks"])
    assert "mrkdwn" not in texts  # nothing in the blocks is read as markup
    event = pagerduty.document(KEY, message(named(hostile)), BASE)
    assert event["payload"]["summary"].startswith("[SEV0] ")

    def no_formula(value: object) -> None:
        if isinstance(value, str):
            assert not value.startswith(("=", "+", "-", "@", "|", "%"))
        elif isinstance(value, list):
            for one in value:
                no_formula(one)
        elif isinstance(value, dict):
            for one in value.values():
                no_formula(one)

    no_formula(event["payload"])


def test_an_incidents_life_has_one_key_whatever_changes() -> None:
    lives = [named("prod", kind) for kind in EVENT_KINDS]
    assert len({pagerduty.dedup_key(one) for one in lives}) == 1
    assert len({json.dumps(alertmanager.labels(one)) for one in lives}) == 1
    actions = {one.kind: pagerduty.action_of(one) for one in lives}
    assert actions == {
        **dict.fromkeys(EVENT_KINDS, "trigger"),
        "acknowledged": "acknowledge",
        "mended": "acknowledge",
        "resolved": "resolve",
        "waived": "resolve",
    }
    key = pagerduty.dedup_key(lives[0])
    assert NOTICE.incident in key
    assert not re.search(r"SEV\d", key)
    assert NOTICE.run not in key


def test_two_incidents_two_lakes_and_long_names_have_keys_of_their_own() -> None:
    keys = {
        pagerduty.dedup_key(named(lake, incident=incident))
        for lake in ("a", "b", "long" * 100, "long" * 101)
        for incident in ("0" * 16, "1" * 16)
    }
    assert len(keys) == 6  # a lake's name is cut to 200 signs by these notices
    assert all(len(key) <= 255 for key in keys)


def test_severities_are_pagerdutys() -> None:
    said = {}
    for severity in ("SEV0", "SEV1", "SEV2", "SEV3", "SEV4"):
        held = message(replace(NOTICE, severity=severity))
        said[severity] = pagerduty.document(KEY, held, BASE)["payload"]["severity"]
    assert list(said.values()) == ["critical", "critical", "error", "warning", "info"]


def test_alertmanager_ends_what_is_resolved_and_keeps_what_is_open() -> None:
    (alert,) = alertmanager.document(message(named("prod")), NOW, BASE)
    assert alert["startsAt"] <= "2026-06-12T09:00:00.000Z" < alert["endsAt"]
    (ended,) = alertmanager.document(message(named("prod", "resolved")), NOW, BASE)
    assert ended["endsAt"] == "2026-06-12T09:00:00.000Z"
    assert ended["labels"] == alert["labels"]
    assert "severity" not in alert["labels"]


def test_slack_shows_what_fits_and_counts_the_rest() -> None:
    payload = slack.document(message(*(named("t" * 900) for _ in range(50))), BASE)
    valid(SLACK, payload)
    shown = [block for block in payload["blocks"] if block["type"] == "section"]
    (more,) = [block for block in payload["blocks"] if block["type"] == "context"]
    assert more["elements"][0]["text"].startswith(f"and {50 - len(shown)} more")
    assert sum(len(block["text"]["text"]) for block in shown) <= slack.BUDGET


@pytest.mark.parametrize("kind", ["pagerduty", "slack", "alertmanager", "webhook", "ocsf"])
def test_a_test_says_that_it_is_one_in_every_channel(kind: str) -> None:
    with receiver() as target:
        secret = {"pagerduty": KEY, "webhook": "whsec_" + "QUJD" * 8}.get(kind, "Bearer abc")
        channel = ChannelSettings(
            "it", kind, SecretText(target.url), (SecretText(secret, is_all_secret=True),)
        )
        outcome = Channels({"it": channel}, loopback_sender()).send("it", marked_test(NOW), NOW)
        assert outcome.result == DELIVERED
    (request,) = target.requests
    assert b"test" in request.body.lower()
    if kind in ("alertmanager", "ocsf"):
        assert request.headers["authorization"] == "Bearer abc"
    if kind == "alertmanager":
        assert request.path == "/hook/api/v2/alerts"


def test_what_pagerduty_will_never_take_is_not_tried_again() -> None:
    def answer(handler: Handler, _: Received) -> None:
        handler.reply(400)

    with receiver(answer) as target:
        channel = ChannelSettings("it", "pagerduty", SecretText(target.url), (SecretText(KEY),))
        outcome = Channels({"it": channel}, loopback_sender()).send("it", message())
    assert outcome.result == REFUSED


@pytest.mark.parametrize("key", ["", "short", "k" * 33, "0123456789abcdef-123456789abcdef"])
def test_a_routing_key_that_is_none_is_refused_unseen(key: str) -> None:
    with pytest.raises(SettingsError) as refused:
        pagerduty.post("https://x", key, message(), None)
    assert not key or key not in str(refused.value)


def test_a_baseline_digest_names_the_gravest_in_words() -> None:
    gravest = [
        {"incident": "a" * 16, "severity": "SEV0", "cause": "public in analysts",
         "tables": 45_000, "people": 12_000, "everyone": True},
    ]  # fmt: skip
    digest = replace(
        NOTICE, kind="digest", incident="", title="First audit of prod: 1 SEV0",
        data={"incidents": 1, "gravest": gravest},
    )  # fmt: skip
    said = json.dumps(slack.document(message(digest), BASE))
    assert "Gravest: SEV0 public in analysts (45000 tables, 12000 people)" in said
    event = pagerduty.document(KEY, message(digest), BASE)
    assert event["event_action"] == "trigger"
    valid(PAGERDUTY, event)


def test_a_baseline_digest_says_what_closes_the_gravest() -> None:
    mends = [
        {"incident": "a" * 16, "severity": "SEV0", "cause": "public in analysts\x1b[31m",
         "words": "SET ROLE ADMIN; REVOKE ROLE analysts FROM ROLE public", "effect": "closes 9"},
        {"incident": "b" * 16, "severity": "SEV1", "cause": "grants to bob", "effect": "",
         "words": "ask for it: lakewarden incidents plan bbbbbbbbbbbbbbbb"},
        "no mend at all",
    ]  # fmt: skip
    digest = replace(NOTICE, kind="digest", incident="", data={"incidents": 2, "mends": mends})
    lines = words(digest, None).lines
    about = "SEV0 public in analysts [31m: "
    assert f"{about}What closes it: {mends[0]['words']}" in lines  # type: ignore[index]
    assert f"{about}Its effect: closes 9" in lines
    assert f"SEV1 grants to bob: What closes it: {mends[1]['words']}" in lines  # type: ignore[index]
    valid(PAGERDUTY, pagerduty.document(KEY, message(digest), BASE))


def test_people_read_what_closes_it_and_what_that_does() -> None:
    text = slack.document(message(), BASE)["blocks"][1]["text"]["text"]
    assert "What closes it: SET ROLE ADMIN; REVOKE ROLE `analysts` FROM ROLE `public`" in text
    assert "Its effect: closes 45,000 exposures on 45,000 tables" in text


def test_a_statement_is_whole_or_not_there() -> None:
    mend = {"words": "REVOKE ROLE r FROM " + "USER `somebody`, " * 200, "statement_count": 1}
    text = slack.document(message(replace(NOTICE, data={"mend": mend})), BASE)["blocks"][1]
    assert "REVOKE" not in text["text"]["text"]
    assert "What closes it: 1 statements: lakewarden incidents plan" in text["text"]["text"]
