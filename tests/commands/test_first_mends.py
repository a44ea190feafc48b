"""The first screen of an audit names what closes what is open, in every format."""

import json
import logging
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from app import first_plans
from app.core.plans.drafting import Drafting
from app.settings import load_settings
from app.wiring import newest_results
from tests.commands.hand_lake import HandLake
from tests.commands.running import run

REVOKE = "REVOKE ROLE people_analytics_convenience FROM ROLE public"
_SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schemas" / "audit.schema.json").read_text()
)


def _posture(config: Path, lake: str) -> dict[str, Any]:
    settings = load_settings(config, {})
    return newest_results(settings, settings.lake(lake)).posture()


def _audited(lake: HandLake, *more: str) -> tuple[str, list[dict[str, Any]]]:
    """The text report of a new audit, on one line, and its mends."""
    ran = run("audit", *more, config=lake.config)
    return " ".join(ran.out.split()), _posture(lake.config, lake.name)["mends"]


def test_the_demonstration_says_at_once_what_closes_it(demo_config: Path) -> None:
    text = (demo_config.parent / "report.txt").read_text("utf-8")
    widest = text[text.index("THE WIDEST OPENING") : text.index("\nEXPOSURES\n")]
    lines = [line.strip() for line in widest.splitlines()]
    at = lines.index(f"{REVOKE};")
    assert lines[at - 2 : at] == [
        "-- run as admin (REVOKE ROLE takes ADMIN, whoever granted it)",
        "SET ROLE ADMIN;",
    ]
    said = " ".join(lines[at + 1 :]).strip()
    assert said.startswith(
        "Simulated: closes 44,992 exposures on 44,992 tables for 3,182 people; 8 are left, opened "
        "by others too; takes nothing that policy allows."
    )
    command = shlex.split(lines[-2] if not lines[-1] else lines[-1])
    assert command[:3] == ["lakewarden", "incidents", "plan"]
    assert REVOKE in run(*command[1:]).out  # as it stands there, the settings' file too


def test_the_demonstrations_posture_carries_three_mends(demo_config: Path) -> None:
    ran = run("audit", "--format", "json", "--no-crawl", config=demo_config)
    document = json.loads(ran.out)
    # Of 45,000 exposures, some: the validator takes a minute for all.
    document["exposures"] = document["exposures"][::100]
    assert len(document["exposures"]) > 400
    assert list(Draft202012Validator(_SCHEMA).iter_errors(document)) == []
    june, *others = document["posture"]["mends"]
    assert (june["widest"], june["made"], june["severity"]) == (True, True, "SEV0")
    (statement,) = june["statements"]
    assert (statement["sql"], statement["run_as"], statement["set_role"]) == (
        REVOKE,
        "admin",
        "ADMIN",
    )
    assert june["simulation"] == {
        "closes_all": True,
        "exposures_closed": 44_992,
        "exposures_left": 8,
        "tables_closed": 44_992,
        "people_closed": 3_182,
        "allowed_lost": 0,
        "allowed_lost_sample": [],
        "opened": 0,
    }
    assert [each["made"] for each in others] == [True, True]
    # The same as the command says that makes one when it is asked.
    plan = json.loads(
        run("incidents", "plan", june["incident"], "--format", "json", config=demo_config).out
    )[0]
    assert [each["sql"] for each in plan["statements"]] == [REVOKE]
    assert plan["simulation"] == june["simulation"]


def test_the_demonstrations_page_shows_it_too(demo_config: Path) -> None:
    page = run("audit", "--format", "html", "--no-crawl", config=demo_config).out
    (first, *_) = re.findall(r"<pre class=\"sql\".*?</pre>", page, re.DOTALL)
    assert f"SET ROLE ADMIN;\n{REVOKE};" in first
    assert page.index(first) < page.index("Classes of data")


def test_two_audits_of_one_lake_say_the_same(own: HandLake) -> None:
    _, first = _audited(own)
    _, second = _audited(own)
    assert first == second
    assert any(each["made"] for each in first)


def test_a_mend_that_breaks_off_loses_nothing_and_is_said(
    own: HandLake, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own.people.append("etl,service,true")  # who granted is there, and can take back
    own.write()
    whole, _ = _audited(own)

    def breaks(*_: object) -> None:
        raise KeyError("no plan today")

    monkeypatch.setattr(Drafting, "draft", breaks)
    with caplog.at_level(logging.ERROR):
        ran = run("audit", config=own.config)
    assert ran.code in (1, 2)
    text, mends = " ".join(ran.out.split()), _posture(own.config, own.name)["mends"]
    assert [each["made"] for each in mends] == [False] * len(mends)
    assert mends
    assert "No mend was made here: making it broke off (KeyError: see the log)" in text
    assert "REVOKE" in whole
    assert "REVOKE" not in text


def test_what_cannot_even_be_begun_is_said_of_each(
    own: HandLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(first_plans, "RecordedScopes", gone)
    text, mends = _audited(own)
    assert {each["why_not"] for each in mends} == {"making it broke off (OSError: see the log)"}
    assert "No mend was made here" in text


def test_of_a_large_lake_the_first_is_planned_and_the_others_say_why_not(
    own: HandLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_plans, "MOST_GRANTS", 0)
    text, (first, *others) = _audited(own)
    assert first["made"]
    assert others
    assert all("more than 0 grants" in each["why_not"] for each in others)
    assert "an audit plans the first only" in text


def test_an_incident_that_takes_too_much_is_left_to_the_command(
    own: HandLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_plans, "MOST_BY_TABLE", 0)
    _, mends = _audited(own)
    late = [each for each in mends if not each["made"]]
    assert late
    assert all("planned table by table" in each["why_not"] for each in late)


def test_authorization_that_is_off_is_no_statements_to_close(own: HandLake) -> None:
    own.write(mode="off")
    text, mends = _audited(own)
    assert (mends[0]["widest"], mends[0]["statements"]) == (True, [])
    assert "no statement switches authorization on" in mends[0]["cannot"]
    assert "No statement closes it: no statement switches authorization on." in text


def test_a_run_of_an_older_version_is_read_back(own: HandLake) -> None:
    settings = load_settings(own.config, {})
    results = newest_results(settings, settings.lake(own.name))
    posture = results.posture()
    del posture["mends"]
    (results.folder / "posture.json").write_text(json.dumps(posture), encoding="utf-8")
    from app.report.registry import stream

    report = newest_results(settings, settings.lake(own.name)).report()
    document = json.loads(b"".join(stream("json", report)))
    assert document["posture"]["mends"] is None
    assert list(Draft202012Validator(_SCHEMA).iter_errors(document)) == []
    assert b"This run drafted no mend." in b"".join(stream("text", report))
    assert b"This run drafted no mend." in b"".join(stream("html", report))
