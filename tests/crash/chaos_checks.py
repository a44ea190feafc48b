"""What must hold of everything that was said, however often those who said it were killed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from app.core.incidents import OPENED, REGRESSED, RESOLVED
from app.store.database import Database, reading_scope, session_scope
from app.store.delivery_log import backlog
from app.store.delivery_tables import delivery_attempts
from app.store.incident_tables import incident_events, outbox
from app.store.incidents import incidents_of_lake
from app.store.runs import WHOLE, every_run
from tests.alert.receivers import Received
from tests.crash.chaos_lake import LAKE, ChangingLake, open_in_snapshots
from tests.scenario.stage import Stage, verified


class WrongError(Exception):
    """Something that must hold does not."""


def check_all(
    scene: Stage, database: Database, lake: ChangingLake, acts: Mapping[str, str]
) -> dict[str, int]:
    """Look at all of it; the figures. acts: idempotency key → incident. Raises WrongError."""
    received = list(scene.hook.requests)
    paged = [json.loads(one.body) for one in scene.pager.requests]
    elsewhere = {one.path for one in (*received, *scene.pager.requests)} - {"/hook"}
    if elsewhere:
        raise WrongError(f"a redirect was followed: {elsewhere}")
    bodies = [verified(one, at_any_time=True) for one in received]
    with reading_scope(database) as session:
        ids = list(session.scalars(select(outbox.c.id)))
        dead = backlog(session).counts.get("dead", 0)
        attempts = session.scalar(select(func.count()).select_from(delivery_attempts))
        events = session.execute(select(incident_events)).all()
        runs = {run.id: run.snapshot for run in every_run(session, LAKE) if run.state == WHOLE}
    seen = [body["data"]["id"] for body in bodies]
    second = {event.get("payload", {}).get("custom_details", {}).get("id") for event in paged}
    lost = set(ids) - set(seen) - second
    if lost or dead:
        raise WrongError(f"lost {sorted(lost)}, {dead} dead")
    if set(seen) - set(ids):
        raise WrongError(f"never noticed, yet sent: {set(seen) - set(ids)}")
    check_identities(received, bodies)
    check_order(bodies)
    wrong = wrongly_said(events, runs, open_in_snapshots(scene.folder / "data"), lake)
    wrong += _left_wrong(database, lake)
    if wrong:
        raise WrongError(f"said although a crawl saw otherwise: {wrong}")
    check_acts(events, acts)
    return {
        "whole runs": len(runs),
        "events of incidents": len(events),
        "notices": len(ids),
        "lost": len(lost),
        "wrongly resolved": len(wrong),
        "requests received": len(received) + len(paged),
        "attempts on record": int(attempts or 0),
        "received more than once": len(seen) - len(set(seen)),
        "acts through the API": len(acts),
    }


def check_identities(received: Sequence[Received], bodies: Sequence[dict[str, Any]]) -> None:
    """One id, one content: over every attempt, second route and worker."""
    known: dict[str, bytes] = {}
    for one, body in zip(received, bodies, strict=True):
        identity = one.headers["webhook-id"]
        if known.setdefault(identity, one.body) != one.body:
            raise WrongError(f"{identity} came with two contents")
        if not body["data"].get("reminder") and identity != body["data"]["id"]:
            raise WrongError(f"{body['data']['id']} came as {identity}")


def check_order(bodies: Sequence[dict[str, Any]]) -> None:
    """Of each incident, each notice was first heard after the ones before it."""
    last: dict[str, int] = {}
    first: set[str] = set()
    for body in bodies:
        data = body["data"]
        if data["id"] in first or not data["incident"] or data.get("reminder"):
            continue
        first.add(data["id"])
        if data["sequence"] < last.get(data["incident"], 0):
            raise WrongError(f"{data['id']} came after {last[data['incident']]}")
        last[data["incident"]] = data["sequence"]


def wrongly_said(
    events: Sequence[Any],
    runs: Mapping[str, str | None],
    open_in: Mapping[str, frozenset[str]],
    lake: ChangingLake,
) -> list[str]:
    """Events that the snapshot of their run does not bear out."""
    wrong = []
    for event in events:
        name = f"{event.incident}-{event.sequence} {event.kind}"
        if event.kind not in (OPENED, REGRESSED, RESOLVED):
            continue
        if event.incident not in lake.incidents:
            wrong += [name] if event.kind == RESOLVED else []
            continue
        snapshot = runs.get(event.run)
        if snapshot is None or snapshot not in open_in:
            wrong.append(f"{name} by a run without a snapshot")
        elif (event.incident in open_in[snapshot]) == (event.kind == RESOLVED):
            wrong.append(name)
    return wrong


def _left_wrong(database: Database, lake: ChangingLake) -> list[str]:
    with session_scope(database) as session:
        known = incidents_of_lake(session, LAKE)
    alive = {key for key, record in known.items() if record.alive} & lake.incidents
    return [f"at the end {key}" for key in alive ^ lake.open_incidents]


def check_acts(events: Sequence[Any], acts: Mapping[str, str]) -> None:
    """What the API said that it took stands there, once."""
    made = Counter(event.idempotency_key for event in events if event.idempotency_key)
    for key in acts:
        if made[key] != 1:
            raise WrongError(f"the act {key} stands {made[key]} times")
