"""Deliveries, silences and alerts by the command line, over a real worker and receivers."""

import json
from pathlib import Path

from tests.scenario.stage import stage, verified

PAST = "2026-01-01"


def test_what_was_sent_is_shown_and_sent_again(tmp_path: Path) -> None:
    with stage(tmp_path, open_tables=2) as scene:
        scene.run("worker", "--once")
        (digest,) = [verified(one) for one in scene.hook.requests]
        assert digest["type"] == "digest"
        listed = json.loads(scene.run("deliveries", "--format", "json"))
        assert {one["state"] for one in listed} == {"delivered"}
        assert {one["channel"] for one in listed} == {"hook", "pager", "chat"}
        mine = next(one for one in listed if one["channel"] == "hook")
        shown = json.loads(scene.run("deliveries", "show", mine["id"], "--format", "json"))
        assert [one["result"] for one in shown["tries"]] == ["delivered"]

        made = scene.run("deliveries", "replay", mine["id"]).split()
        assert scene.run("deliveries", "replay", "--since", PAST) == ""  # no dead letters
        scene.run("worker", "--once")
        again = [verified(one) for one in scene.hook.requests]
        assert [one["data"]["id"] for one in again] == [digest["data"]["id"]] * 2
        assert mine["id"] in scene.run("deliveries", "show", made[0])
        scene.run("deliveries", "replay", expect=(2,))
        scene.run("deliveries", "show", "nothing", expect=(2,))

        silence = scene.run(
            "silences", "add", "--match", "lake=demo", "--comment", "tonight", "--hours", "1"
        ).partition(":")[0]
        (said,) = json.loads(scene.run("silences", "--format", "json"))
        assert (said["id"], said["matches_nothing"]) == (silence, True)
        assert "silence" in scene.run("alerts", "--dry-run")
        scene.run("silences", "end", silence)
        scene.run("silences", "end", silence, expect=(2,))
        scene.run("silences", "add", "--match", "moon=full", "--comment", "x", expect=(2,))
        assert scene.run("silences") == "No silences.\n"

        plan = scene.run("alerts", "--dry-run", "--bodies")
        assert "hook → hook" in plan
        assert "k" * 32 not in plan
        assert "delivered" in scene.run("alerts", "test", "hook")
        assert verified(scene.hook.requests[-1])["type"] == "test"
        scene.run("alerts", "test", "moon", expect=(2,))
        assert "well" in scene.run("alerts", "channels")
        assert "not disabled" in scene.run("alerts", "enable", "hook")
