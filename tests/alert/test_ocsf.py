"""OCSF events read by the models of `pydantic-ocsf`."""

import json
import typing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ocsf.v1_7_0 import objects
from ocsf.v1_7_0.events import (
    ApiActivity,
    BaseEvent,
    DataSecurityFinding,
    IamAnalysisFinding,
)
from pydantic import SerializeAsAny
from pydantic.errors import PydanticUndefinedAnnotation

from app.alert import ocsf
from app.alert.bounding import to_bytes
from app.alert.channels import marked_test
from app.alert.retrying import DELIVERED, FAILED
from app.core.incidents import EVENT_KINDS
from app.core.routes import Message
from tests.alert.notices import HOSTILE, NOTICE, message, named

_TYPING = ("Any", "Dict", "List", "Optional", "Union")


def whole(model: Any) -> Any:
    """The model with the names its annotations use: the peer builds its models on demand."""
    names = {name: getattr(typing, name) for name in _TYPING} | {"SerializeAsAny": SerializeAsAny}
    for _ in range(50):
        try:
            model.model_rebuild(_types_namespace=names)
            break
        except PydanticUndefinedAnnotation as missing:
            names[str(missing.name)] = getattr(objects, str(missing.name))
    return model


MODELS: dict[int, Any] = {
    0: whole(BaseEvent),
    2006: DataSecurityFinding,
    2008: IamAnalysisFinding,
    6003: ApiActivity,
}
QUESTION = {
    "id": 7,
    "asked_at": "2026-06-12T08:15:30+00:00",
    "asked_by": "cli:ann",
    "question": "who-can",
    "parameters": {"object": '=HYPERLINK("x")'},
    "lake": "prod",
    "status": 0,
}


def read(event: dict[str, Any]) -> Any:
    """The event by its class's model; every key it has must be one of the class."""
    as_sent = json.loads(to_bytes(event))
    model = MODELS[event["class_uid"]]
    known = set(model.model_fields) | {
        field.alias for field in model.model_fields.values() if field.alias
    }
    assert set(as_sent) <= known
    parsed = model.model_validate(as_sent)
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert event["category_uid"] == event["class_uid"] // 1000
    return parsed


@pytest.mark.parametrize("kind", [*EVENT_KINDS, "digest", "watcher", "test"])
@pytest.mark.parametrize("kinds", [("everyone",), ("leaver",), ("can-delegate",), ()])
def test_every_notice_is_a_valid_event(kind: str, kinds: tuple[str, ...]) -> None:
    incident = NOTICE.incident if kind in EVENT_KINDS else ""
    notice = replace(NOTICE, kind=kind, kinds=kinds, incident=incident)
    event = ocsf.notice_event(notice, "https://lw.example.com")
    read(event)
    people = kinds in (("leaver",), ("can-delegate",))
    expected = 2008 if people else 2006
    assert event["class_uid"] == (expected if kind in (*EVENT_KINDS, "digest") else 0)
    assert event["severity_id"] == 5
    assert event["metadata"]["uid"] == NOTICE.id


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_make_valid_events_of_one_line(hostile: str) -> None:
    event = ocsf.notice_event(named(hostile), None)
    read(event)
    assert b"\n" not in to_bytes(event)
    assert len(to_bytes(event)) < 100_000


def test_severities_and_states_are_ocsfs() -> None:
    ids = [
        ocsf.notice_event(replace(NOTICE, severity=one), None)["severity_id"]
        for one in ("SEV0", "SEV1", "SEV2", "SEV3", "SEV4")
    ]
    assert ids == [5, 4, 3, 2, 1]
    found = {kind: ocsf.notice_event(named("x", kind), None) for kind in EVENT_KINDS}
    activities = {kind: event["activity_id"] for kind, event in found.items()}
    assert activities["opened"] == 1
    assert activities["resolved"] == activities["waived"] == 3
    assert found["waived"]["status_id"] == 3
    assert found["resolved"]["status_detail"] == "Resolved"
    assert len({event["finding_info"]["uid"] for event in found.values()}) == 1


def test_a_question_is_api_activity() -> None:
    event = ocsf.question_event(QUESTION)
    read(event)
    assert event["class_uid"] == 6003
    assert (event["status_id"], event["actor"]["user"]["uid"]) == (1, "cli:ann")
    assert ocsf.question_event({**QUESTION, "status": 403})["status_id"] == 2
    assert ocsf.question_event({**QUESTION, "status": 200})["status_id"] == 1


def test_a_file_gets_whole_lines_and_is_nobody_elses(tmp_path: Path) -> None:
    file = tmp_path / "ocsf.ndjson"
    trail = Message("t", NOTICE.at, "", (), trail=(QUESTION, QUESTION))
    assert ocsf.append(file, message(named("a\nb")), None).result == DELIVERED
    assert ocsf.append(file, trail, None).result == DELIVERED
    lines = file.read_text().splitlines()
    assert [json.loads(line)["class_uid"] for line in lines] == [2006, 6003, 6003]
    assert file.stat().st_mode & 0o077 == 0
    assert ocsf.append(tmp_path / "none" / "x", trail, None).result == FAILED


def test_a_test_is_a_base_event() -> None:
    from datetime import UTC, datetime

    event = ocsf.notice_event(marked_test(datetime.now(UTC)).notices[0], None)
    read(event)
    assert event["class_uid"] == 0
