"""From a misgrant to its end and back: a real metastore, a real worker, real receivers."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.alert.test_shapes import PAGERDUTY, SLACK, valid
from tests.scenario.stage import CONVENIENCE_ID, READERS_ID, Stage, stage

STAFF_ID = 5


def member(number: int, name: str, of: int) -> str:
    """A role becomes a member of another."""
    return (
        "INSERT INTO ROLE_MAP (ROLE_GRANT_ID, ADD_TIME, GRANT_OPTION, GRANTOR, GRANTOR_TYPE, "
        "PRINCIPAL_NAME, PRINCIPAL_TYPE, ROLE_ID) "
        f"VALUES ({number}, 1780990860, 0, 'marcus', 'USER', '{name}', 'ROLE', {of})"
    )


def grants(role: str, start: int, first: int, last: int) -> str:
    """SELECT on tables by their numbers, to a role."""
    return (
        "INSERT INTO TBL_PRIVS (TBL_GRANT_ID, TBL_ID, TBL_PRIV, CREATE_TIME, GRANT_OPTION, "
        "GRANTOR, GRANTOR_TYPE, PRINCIPAL_NAME, PRINCIPAL_TYPE, AUTHORIZER) "
        f"SELECT {start} + TBL_ID, TBL_ID, 'SELECT', 1780990000, 0, 'marcus', 'USER', '{role}', "
        f"'ROLE', 'SQL' FROM TBLS WHERE TBL_ID BETWEEN {first} AND {last}"
    )


#: Before anything happens: the role `staff`, nobody's yet, can read keystrokes in two ways.
PREPARED = (
    "DELETE FROM TBL_PRIVS WHERE PRINCIPAL_NAME = 'people_analytics_convenience' AND TBL_ID > 109",
    "INSERT INTO ROLES (ROLE_ID, CREATE_TIME, ROLE_NAME) VALUES (5, 10, 'staff')",
    "DELETE FROM ROLE_MAP WHERE PRINCIPAL_NAME = 'person.050'",
    "DELETE FROM TBL_PRIVS WHERE PRINCIPAL_NAME = 'readers'",
    member(70, "staff", CONVENIENCE_ID),
    member(71, "staff", READERS_ID),
    grants("readers", 5_000, 100, 109),
)
MISGRANT = member(77, "public", STAFF_ID)
FIRST_FIX = f"DELETE FROM ROLE_MAP WHERE PRINCIPAL_NAME = 'staff' AND ROLE_ID = {CONVENIENCE_ID}"
REAL_FIX = f"DELETE FROM ROLE_MAP WHERE PRINCIPAL_NAME = 'public' AND ROLE_ID = {STAFF_ID}"


def test_the_whole_life_of_a_misgrant(tmp_path: Path) -> None:
    with stage(tmp_path) as scene:
        scene.change(*PREPARED)
        worker = scene.start_worker()
        scene.alert("digest")

        scene.change(MISGRANT)
        opened = scene.alert("incident.opened")["data"]
        key = opened["incident"]
        assert (opened["severity"], opened["everyone"]) == ("SEV0", True)
        assert opened["cause"]["words"] == "role public is a member of role staff"
        assert opened["owners_to_tell"]
        assert opened["grantors"] == ["marcus"]
        # Nobody administers this lake any more: the mend says so, and the way round.
        assert "nobody active holds the role admin" in opened["mend"]["cannot"]
        assert "Way round" in opened["mend"]["words"]

        scene.change(grants("readers", 6_000, 110, 119))
        grown = scene.alert("incident.grown", key)["data"]
        assert grown["tables"] > opened["tables"]

        scene.run("incidents", "claim", key, "--note", "took staff out of the role")
        claimed = scene.alert("incident.mended", key)["data"]
        assert claimed["actor"].startswith("cli:")
        scene.change(FIRST_FIX)
        still = scene.alert("incident.still_open", key)["data"]
        assert "still open by another path now" in still["note"]
        assert "readers" in " ".join(still["path"])

        scene.run("incidents", "claim", key)
        scene.alert("incident.mended", key)
        scene.change(REAL_FIX)
        scene.alert("incident.resolved", key)

        # Yesterday's roles are restored, the first fix undone with them.
        scene.change(MISGRANT, member(78, "staff", CONVENIENCE_ID))
        regressed = scene.alert("incident.regressed", key)["data"]
        assert regressed["regressions"] == 1

        _waive(scene, key, days=0)
        scene.alert("incident.waived", key)
        _waive(scene, key, days=-1)
        ended = scene.alert("incident.waiver_ended", key)["data"]
        assert "ended on" in ended["note"]
        assert ended["mend"]["cannot"] == opened["mend"]["cannot"]

        assert scene.stop_worker(worker) == 0
        mine = [one for one in _told(scene) if one["incident"] == key]
        assert {one["incident"] for one in mine} == {key}
        assert [one["sequence"] for one in mine] == sorted({one["sequence"] for one in mine})
        _check_pagerduty(scene, key, mine)
        for received in scene.chat.requests:
            valid(SLACK, json.loads(received.body))
        assert "came back" in scene.run("incidents", "show", key)


def _waive(scene: Stage, key: str, days: int) -> None:
    """The waiver's last day is so many days from today."""
    last = (datetime.now(UTC) + timedelta(days=days)).date()
    (scene.policies / "waivers.yaml").write_text(
        f"""\
waivers:
  - id: cut-over
    reason: Read by everyone until the cut-over
    approver: ciso@example.com
    expires: {last}
    scope: {{class: employee-keystrokes}}
""",
        encoding="utf-8",
    )


def _told(scene: Stage) -> list[dict[str, Any]]:
    bodies = [json.loads(one.body) for one in scene.hook.requests]
    return [one["data"] for one in bodies if one["type"].startswith("incident.")]


#: What PagerDuty is told of each event; every other one triggers.
ACTIONS = {"mended": "acknowledge", "resolved": "resolve", "waived": "resolve"}


def _check_pagerduty(scene: Stage, key: str, mine: list[dict[str, Any]]) -> None:
    events = [json.loads(one.body) for one in scene.pager.requests]
    for event in events:
        valid(PAGERDUTY, event)
    told = [event for event in events if event["dedup_key"].endswith(key)]
    assert len({event["dedup_key"] for event in told}) == 1
    wanted = [ACTIONS.get(one["event"], "trigger") for one in mine]
    assert [event["event_action"] for event in told] == wanted
