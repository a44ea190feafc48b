"""`incidents` and `waivers`: what opened, its story, its mend, exceptions."""

import json
from datetime import UTC, datetime, timedelta

from tests.commands.hand_lake import HandLake
from tests.commands.running import run


def keys(lake: HandLake, *more: str) -> list[str]:
    return [
        one["found"]["key"]
        for one in run("incidents", *more, "--format", "json", config=lake.config).json
    ]


class TestIncidents:
    def test_the_list_is_the_default(self, own: HandLake) -> None:
        listed = run("incidents", config=own.config)
        assert listed.code == 0
        assert listed.out == run("incidents", "list", config=own.config).out
        assert all(key in listed.out for key in keys(own))
        assert keys(own, "--state", "resolved") == []
        assert len(keys(own, "--limit", "1")) == 1

    def test_a_story(self, own: HandLake) -> None:
        key = keys(own)[0]
        told = run("incidents", "show", key, config=own.config)
        assert told.code == 0
        for words in ("Since ", "First seen ", "At its widest ", "WHAT HAPPENED", "EXPOSURES"):
            assert words in told.out
        said = run("incidents", "show", key, "--format", "json", config=own.config).json
        assert said["incident"]["found"]["key"] == key
        assert [event["kind"] for event in said["events"]] == ["opened"]
        assert len(said["exposures"]) <= said["incident"]["found"]["exposures"]

    def test_a_plan(self, own: HandLake) -> None:
        for key in keys(own):
            plans = run("incidents", "plan", key, "--format", "json", config=own.config)
            assert plans.code == 0
            assert plans.json[0]["statements"] or plans.json[0]["cannot"]
            text = run("incidents", "plan", key, config=own.config)
            assert all(
                statement["sql"] in text.out
                for plan in plans.json
                for statement in plan["statements"]
            )

    def test_all_mends_at_once_are_those_planned_alone(self, own: HandLake) -> None:
        made = run("incidents", "mends", "--format", "json", config=own.config)
        assert made.code == 0
        assert {one["incident"] for one in made.json} == set(keys(own))
        for one in made.json:
            alone = run("incidents", "plan", one["incident"], "--format", "json", config=own.config)
            (mend, *_) = alone.json
            assert one["statement_count"] == len(mend["statements"])
            assert [each["sql"] for each in one["statements"]] == [
                each["sql"] for each in mend["statements"][:3]
            ]
            assert one["cannot"] == mend["cannot"]
        text = run("incidents", "mends", config=own.config)
        assert all(key in text.out for key in keys(own))
        gravest = run(
            "incidents", "mends", "--severity", "SEV0", "--format", "json", config=own.config
        )
        assert {one["severity"] for one in gravest.json} <= {"SEV0"}

    def test_taken_on_claimed_and_seen_again(self, own: HandLake) -> None:
        key = keys(own)[0]
        assert run("incidents", "ack", key, "--note", "mine", config=own.config).code == 0
        assert run("incidents", "ack", key, config=own.config).code == 2
        assert run("incidents", "claim", key, config=own.config).code == 0
        assert keys(own, "--state", "mended") == [key]
        run("audit", config=own.config)
        said = run("incidents", "show", key, "--format", "json", config=own.config).json
        kinds = [event["kind"] for event in said["events"]]
        assert kinds == ["opened", "acknowledged", "mended", "still-open"]
        assert said["incident"]["state"] == "acknowledged"

    def test_no_such_incident(self, own: HandLake) -> None:
        for verb in ("show", "plan", "ack", "claim"):
            ran = run("incidents", verb, "0" * 16, config=own.config)
            assert (ran.code, ran.out) == (2, "")
            assert "there is no incident" in ran.err


class TestWaivers:
    def test_made_measured_and_ended(self, own: HandLake) -> None:
        key = keys(own)[0]
        assert "No waivers" in run("waivers", config=own.config).out
        why = ("--reason", "cut-over", "--approver", "ciso@example.com")
        made = run("waivers", "add", "--scope", f"incident={key}", *why, config=own.config)
        assert made.code == 0
        name = made.out.partition(":")[0]
        listed = run("waivers", "--format", "json", config=own.config).json
        assert [(one["waiver"]["waiver"], one["status"]) for one in listed] == [(name, "in-force")]
        assert keys(own, "--waived") == [key]
        assert run("waivers", "end", name, config=own.config).code == 0
        assert keys(own, "--waived") == []

    def test_wrong_ones(self, own: HandLake) -> None:
        why = ("--reason", "r", "--approver", "a")
        late = (datetime.now(UTC).date() + timedelta(days=9)).isoformat()
        for given in (
            ("--scope", "colour=blue"),
            ("--scope", "nothing"),
            ("--scope", "class=a", "--scope", "class=b"),
            ("--scope", "class=a", "--until", late),
            ("--scope", "class=a", "--until", "tomorrow"),
        ):
            ran = run("waivers", "add", *given, *why, config=own.config)
            assert (ran.code, ran.out) == (2, ""), given
        assert json.loads(run("waivers", "--format", "json", config=own.config).out) == []

    def test_one_that_matches_nothing_is_said(self, own: HandLake) -> None:
        why = ("--reason", "r", "--approver", "a")
        assert run("waivers", "add", "--scope", "table=no.such", *why, config=own.config).code == 0
        listed = run("waivers", config=own.config)
        assert "matches nothing" in listed.out
        assert "matches nothing" in run("audit", config=own.config).err
