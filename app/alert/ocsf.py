"""Events for a SIEM in the Open Cybersecurity Schema Framework, by file or HTTP.

Incidents are findings: 2006 (data security) where sensitive data lies open, 2008 (IAM
analysis) where people could make or pass on access, or hold what they should not. Questions
asked of Lakewarden are API activity (6003). What fits no class is a base event (0).
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.alert.bounding import bounded, one_line, to_bytes
from app.alert.retrying import DELIVERED, FAILED, Outcome
from app.alert.sending import Post
from app.alert.webhook import notice_document
from app.alert.wording import link
from app.core.exposures import (
    CAN_DELEGATE,
    CAN_MAKE_THEMSELVES,
    LEAVER,
    UNKNOWN_PRINCIPAL,
)
from app.core.incidents import ACKNOWLEDGED, CLAIMED, OPENED, RESOLVED, WAIVED, Notice
from app.core.routes import DIGEST, ENDING, Message

VERSION = "1.8.0"
DATA_SECURITY, IAM_ANALYSIS, API_ACTIVITY, BASE = 2006, 2008, 6003, 0
SEVERITY_IDS = {"SEV0": 5, "SEV1": 4, "SEV2": 3, "SEV3": 2, "SEV4": 1}
_ABOUT_PEOPLE = frozenset({CAN_DELEGATE, CAN_MAKE_THEMSELVES, LEAVER, UNKNOWN_PRINCIPAL})
_CREATE, _UPDATE, _CLOSE, _READ, _OTHER = 1, 2, 3, 2, 99
_NEW, _IN_PROGRESS, _SUPPRESSED = 1, 2, 3
LARGEST_UNMAPPED = 20_000
_MOST_RESOURCES = 20


def post(url: str, authorization: str, message: Message, base: str | None) -> Post:
    """The events as one JSON array."""
    headers = {"authorization": authorization} if authorization else {}
    return Post(url, to_bytes(events(message, base)), headers)


def append(path: Path, message: Message, base: str | None) -> Outcome:
    """The events as lines at the end of a file, each whole and on the disk before it counts."""
    lines = b"".join(to_bytes(event) + b"\n" for event in events(message, base))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _write(handle, lines)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        return Outcome(FAILED, f"the file cannot be written: {error.strerror}")
    return Outcome(DELIVERED, "written to the file")


def events(message: Message, base: str | None) -> list[dict[str, Any]]:
    """The OCSF events of a message: its notices, then its questions."""
    found = [notice_event(notice, base) for notice in message.notices]
    return [*found, *(question_event(question) for question in message.trail)]


def notice_event(notice: Notice, base: str | None) -> dict[str, Any]:
    """A notice as an event; its id is `metadata.uid`, its incident `finding_info.uid`."""
    class_uid = class_of(notice)
    event: dict[str, Any] = {
        **_head(class_uid, _activity(notice) if class_uid else _OTHER, notice.at),
        "severity_id": SEVERITY_IDS.get(notice.severity, 1 if class_uid else 0),
        "message": one_line(notice.title, 1_000),
        "metadata": _metadata(notice.id, notice.sequence),
        "unmapped": bounded(notice_document(notice, base), LARGEST_UNMAPPED),
    }
    if class_uid == BASE:
        return event
    event |= _status(notice)
    event["finding_info"] = _finding(notice, base)
    event["resources"] = _resources(notice)
    if class_uid == DATA_SECURITY:
        event["is_alert"] = True
    return event


def question_event(question: Mapping[str, object]) -> dict[str, Any]:
    """A question of the audit trail: who asked what, of which lake, and how it ended."""
    status = question.get("status")
    succeeded = isinstance(status, int) and (status < 100 or 200 <= status < 400)
    asker = one_line(question.get("asked_by", ""), 500)
    return {
        **_head(API_ACTIVITY, _READ, str(question.get("asked_at", ""))),
        "severity_id": 1,
        "status_id": 1 if succeeded else 2,
        "status_code": str(status),
        "message": one_line(question.get("question", ""), 500),
        "metadata": _metadata(f"question-{question.get('id')}", None),
        "api": {
            "operation": one_line(question.get("question", ""), 500),
            "service": {"name": "lakewarden"},
        },
        "actor": {"user": {"uid": asker, "name": asker}},
        "src_endpoint": {"name": "cli" if asker.startswith("cli:") else "api"},
        "unmapped": bounded(
            {"lake": question.get("lake"), "parameters": question.get("parameters")},
            LARGEST_UNMAPPED,
        ),
    }


def class_of(notice: Notice) -> int:
    """The event class. A notice without an incident is a base event, but for the baseline."""
    if not notice.incident and notice.kind != DIGEST:
        return BASE
    kinds = frozenset(notice.kinds)
    return IAM_ANALYSIS if kinds and kinds <= _ABOUT_PEOPLE else DATA_SECURITY


def _head(class_uid: int, activity: int, at: str) -> dict[str, Any]:
    return {
        "class_uid": class_uid,
        "category_uid": class_uid // 1000,
        "activity_id": activity,
        "type_uid": class_uid * 100 + activity,
        "time": _milliseconds(at),
    }


def _metadata(identity: str, sequence: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "version": VERSION,
        "uid": one_line(identity, 200),
        "product": {"name": "Lakewarden", "vendor_name": "Lakewarden"},
    }
    return found if sequence is None else {**found, "sequence": sequence}


def _finding(notice: Notice, base: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uid": notice.incident or notice.id,
        "title": one_line(notice.title, 1_000),
        "types": [one_line(kind, 100) for kind in notice.kinds],
        "modified_time": _milliseconds(notice.at),
    }
    url = link(notice, base)
    return {**found, "src_url": url} if url else found


def _resources(notice: Notice) -> list[dict[str, Any]]:
    """The lake first, then some of the objects, with the classes of what is open."""
    labels = [f"class:{one_line(name, 200)}" for name in notice.classes]
    lake = {"uid": one_line(notice.lake, 200), "type": "data lake", "labels": labels}
    sample = notice.data.get("sample")
    names = sample[:_MOST_RESOURCES] if isinstance(sample, (list, tuple)) else ()
    return [lake, *({"name": one_line(name, 500), "type": "table"} for name in names)]


def _activity(notice: Notice) -> int:
    if notice.kind in (OPENED, DIGEST):
        return _CREATE
    return _CLOSE if notice.kind in ENDING else _UPDATE


def _status(notice: Notice) -> dict[str, Any]:
    """The state of the finding, seen by its reader.

    Resolved is said by the activity (close) and in words: OCSF's own number for it (4) is
    refused by readers that take a finding's states for those of an event.
    """
    if notice.kind == RESOLVED:
        return {"status_detail": "Resolved"}
    if notice.kind == WAIVED:
        return {"status_id": _SUPPRESSED, "status": "Suppressed"}
    if notice.kind in (ACKNOWLEDGED, CLAIMED):
        return {"status_id": _IN_PROGRESS, "status": "In Progress"}
    return {"status_id": _NEW, "status": "New"}


def _milliseconds(written: str) -> int:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _write(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]
