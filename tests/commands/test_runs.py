"""`crawl`, `audit` and what is asked of runs: exposures, changes, widest, gaps, status."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.commands.hand_lake import HandLake
from tests.commands.running import run


def statuses(lake: HandLake, *more: str) -> dict[tuple[str, str], str]:
    """(object, right) → status of the exposures."""
    found = run("exposures", "--format", "json", *more, config=lake.config).json["exposures"]
    return {(row["object"], row["right"]): row["status"] for row in found}


class TestCrawl:
    def test_says_what_was_read(self, own: HandLake) -> None:
        ran = run("crawl", config=own.config)
        assert ran.code == 0
        assert ran.lines[1] == (
            "4 tables and views, 11 columns, 5 grants, 1 role memberships, 12 users, 0 gaps"
        )
        again = run("crawl", "--format", "json", config=own.config)
        assert again.json["snapshot"][:16] in ran.lines[0]
        assert again.json["gaps"] == []

    def test_what_was_not_read_is_said(self, own: HandLake) -> None:
        own.damage("DROP TABLE DB_PRIVS")
        ran = run("crawl", config=own.config)
        assert ran.code == 2
        assert "there is no table DB_PRIVS" in ran.err
        assert ran.lines[1].endswith("1 gaps")

    def test_makes_the_data_folder_for_its_user_only(self, tmp_path: Path) -> None:
        lake = HandLake(tmp_path)
        lake.table("a", "b")
        lake.write()
        assert run("crawl", config=lake.config).code == 0
        assert lake.data.stat().st_mode & 0o077 == 0


class TestAudit:
    def test_exit_codes(self, tmp_path: Path) -> None:
        lake = HandLake(tmp_path / "lake")
        lake.table("hr_payroll", "salaries")
        lake.write()
        assert run("audit", config=lake.config).code == 0
        lake.grant("SELECT", "USER", "bob", "hr_payroll.salaries")
        lake.write()
        assert run("audit", config=lake.config).code == 1
        assert run("audit", "--fail-on", "SEV0", config=lake.config).code == 0
        lake.damage("DROP TABLE DB_PRIVS")
        assert run("audit", "--fail-on", "SEV0", config=lake.config).code == 2

    @pytest.mark.parametrize("output", ["json", "ndjson", "csv", "parquet", "html", "text"])
    def test_every_format_to_a_file(self, own: HandLake, output: str, tmp_path: Path) -> None:
        target = tmp_path / "report"
        more = ("--no-crawl", "--format", output, "--output", target)
        ran = run("audit", *more, config=own.config)
        assert (ran.code, ran.out) == (1, "")
        if output == "parquet":
            assert pq.read_table(target).num_rows == 5
        else:
            word = "THE WIDEST OPENING" if output == "text" else "hr_payroll.salaries"
            assert word in target.read_text("utf-8")

    def test_the_file_is_tried_before_the_work(self, own: HandLake, tmp_path: Path) -> None:
        ran = run("audit", "--output", tmp_path / "no" / "where", config=own.config)
        assert (ran.code, "cannot be written" in ran.err) == (2, True)
        assert len(statuses(own)) == 5

    def test_json_on_standard_output(self, own: HandLake) -> None:
        ran = run("audit", "--no-crawl", "--format", "json", config=own.config)
        assert ran.json["posture"]["exposures"]["total"] == 5

    def test_a_source_in_place_of_a_lake(self, own: HandLake) -> None:
        given = ("--source", own.source, "--mode", "sql-standard", "--groups", "none")
        ran = run("audit", *given, "--directory", own.directory, config=own.config)
        assert ran.code == 1
        listed = run("exposures", "--source", own.source, "--format", "json", config=own.config)
        assert listed.json["total"] == 5

    def test_nothing_to_judge(self, tmp_path: Path) -> None:
        lake = HandLake(tmp_path).write()
        ran = run("audit", "--no-crawl", config=lake.config)
        assert (ran.code, "no snapshot of main" in ran.err) == (2, True)

    def test_two_at_once(self, own: HandLake) -> None:
        from app import wiring
        from app.settings import load_settings
        from app.store.lease_keeping import kept_lease
        from app.store.leases import audit_lease

        settings = load_settings(own.config, {})
        with (
            wiring.opened_state(settings) as database,
            kept_lease(database, audit_lease("main")),
        ):
            for command in (("audit",), ("crawl",), ("snapshot", "prune")):
                ran = run(*command, config=own.config)
                assert (ran.code, "conflict" in ran.err) == (2, True)


class TestExposures:
    def test_in_text(self, audited: HandLake) -> None:
        ran = run("exposures", "--severity", "SEV0", config=audited.config)
        assert ran.code == 0
        names = "severity object right kinds people classes status id"
        assert " ".join(ran.lines[0].split()) == names
        assert ran.lines[2].split()[:3] == ["SEV0", "scratch.salaries_bak", "select"]
        assert len(ran.lines) == 3

    @pytest.mark.parametrize(
        ("filters", "objects"),
        [
            (("--kind", "leaver"), ["user:gone"]),
            (("--kind", "everyone", "--kind", "can-delegate"), None),
            (("--class", "payroll", "--object", "v_sal"), ["reporting.v_salaries"]),
            (("--people", "service"), ["scratch.salaries_bak"]),
            (("--status", "opened"), []),
            (("--status", "gone"), []),
        ],
    )
    def test_filters(
        self, audited: HandLake, filters: tuple[str, ...], objects: list[str] | None
    ) -> None:
        ran = run("exposures", *filters, "--format", "json", config=audited.config)
        found = [row["object"] for row in ran.json["exposures"]]
        assert found == (objects or found)
        assert len(found) == (2 if objects is None else len(objects))
        assert run("exposures", *filters, config=audited.config).code == 0

    def test_limits(self, audited: HandLake) -> None:
        ran = run("exposures", "--limit", "2", config=audited.config)
        assert ran.lines[-1] == "2 of 5; more with --limit"
        ran = run("exposures", "--limit", "2", "--format", "ndjson", config=audited.config)
        assert [json.loads(line)["severity"] for line in ran.lines] == ["SEV0", "SEV2"]

    def test_one_with_its_evidence(self, audited: HandLake) -> None:
        listed = run("exposures", "--format", "json", config=audited.config).json["exposures"]
        ran = run("exposures", listed[0]["id"], config=audited.config)
        assert ran.lines[0] == "SEV0 scratch.salaries_bak: select (baseline)"
        assert "  grant: TBL_PRIVS 3: SELECT to role:public, by etl on 2026-05-28" in ran.out
        as_json = run("exposures", listed[0]["id"], "--format", "json", config=audited.config)
        assert as_json.json["grants"][0]["principal"] == "role:public"
        leaver = run("exposures", listed[4]["id"], config=audited.config)
        assert "who can" not in leaver.out
        assert "  1 grant on 1 table, 0 role memberships\n" in leaver.out

    def test_the_memberships_behind_one(self, own: HandLake) -> None:
        """Everyone by a nesting, and a leaver by a role: the rows that did it are named."""
        own.member("ROLE", "public", "readers")
        own.member("USER", "gone", "readers", ADD_TIME=1_790_000_000)
        own.write_metastore()
        assert run("audit", config=own.config).code == 1
        asked = ("exposures", "--object", "hr_payroll.salaries", "--format", "json")
        found = run(*asked, config=own.config).json["exposures"][0]
        ran = run("exposures", found["id"], config=own.config)
        way = "everyone is in role:readers: role public is a member of role readers (ROLE_MAP 2)"
        assert f"  {way}, by root on 2026-05-28" in ran.out
        assert ran.lines[-1].endswith("lakewarden who-can select hr_payroll.salaries --paths")
        as_json = run("exposures", found["id"], "--format", "json", config=own.config).json
        assert [way["path_rows"] for way in as_json["paths"]] == [["ROLE_MAP 2"]]
        asked = ("exposures", "--kind", "leaver", "--format", "json")
        leaver = run(*asked, config=own.config).json["exposures"][0]
        held = "1 grant on 1 table, 1 role membership: readers (ROLE_MAP 3)"
        assert (leaver["detail"], leaver["opened_at"]) == (held, 1_790_000_000)

    @pytest.mark.parametrize(
        ("asked", "word"),
        [
            (("0123456789abcdef",), "No exposure has this id"),
            (("--class", "payrol"), "payrol is no data class"),
            (("--kind", "wide"), "wide"),
            (("--run", "nope"), "there is no run 'nope'"),
            (("--limit", "0"), "0 is not in the range"),
        ],
    )
    def test_misuse(self, audited: HandLake, asked: tuple[str, ...], word: str) -> None:
        ran = run("exposures", *asked, config=audited.config)
        assert (ran.code, word in ran.err) == (2, True)


class TestChanges:
    def test_from_run_to_run(self, own: HandLake) -> None:
        then = datetime.now(UTC).isoformat()
        own.revoke("scratch.salaries_bak", "public")
        own.grant("SELECT", "USER", "dan", "hr_payroll.salaries")
        own.grant("SELECT", "USER", "eve", "scratch.salaries_bak")
        own.grant("INSERT", "USER", "eve", "reporting.v_salaries", GRANT_OPTION=1)
        own.write_metastore()
        assert run("audit", config=own.config).code == 1
        ran = run("changes", config=own.config)
        assert ran.code == 0
        assert ran.lines[0].endswith("Z: 2 opened, 1 grown, 1 shrunk")
        assert [line.split()[0] for line in ran.lines[3:]] == ["opened"] * 2 + ["grown", "shrunk"]
        found = run("changes", "--since", then, "--format", "json", config=own.config).json
        assert found["counts"] == {"opened": 2, "grown": 1, "unknown": 0, "shrunk": 1, "closed": 0}
        grown = found["changes"][2]
        assert (grown["people_before"], grown["people_after"]) == (2, 3)
        by_run = run("changes", "--since", found["earlier"], "--format", "json", config=own.config)
        assert by_run.json == found
        assert (
            run("changes", "--since", found["later"], config=own.config)
            .lines[0]
            .endswith("nothing changed")
        )

    def test_closed_is_gone_and_found_by_its_id(self, own: HandLake) -> None:
        own.revoke("scratch.salaries_bak", "public")
        own.write_metastore()
        assert run("audit", config=own.config).code == 1
        gone = run("exposures", "--status", "gone", "--format", "json", config=own.config).json
        assert [row["object"] for row in gone["exposures"]] == ["scratch.salaries_bak"]
        ran = run("exposures", gone["exposures"][0]["id"], config=own.config)
        assert ran.lines[0] == "SEV0 scratch.salaries_bak: select (gone)"
        assert "scratch.salaries_bak" in run("changes", config=own.config).lines[3]

    def test_what_a_gap_hides_is_unknown(self, own: HandLake) -> None:
        own.damage("DELETE FROM TBLS")
        assert run("audit", config=own.config).code == 2
        found = run("changes", "--format", "json", config=own.config).json
        assert found["counts"]["closed"] == 0
        assert found["counts"]["unknown"] == 5

    @pytest.mark.parametrize(
        ("since", "word"),
        [
            (None, "has one whole run only"),
            ("2020-01-01", "was not audited by 2020-01-01. Its first whole run"),
            ("tomorrow", "'tomorrow' is no date"),
            ("20200101T000000000000-aaaaaa", "there is no run"),
        ],
    )
    def test_nothing_to_compare_with(self, audited: HandLake, since: str | None, word: str) -> None:
        more = () if since is None else ("--since", since)
        ran = run("changes", *more, config=audited.config)
        assert (ran.code, word in ran.err) == (2, True)

    def test_runs_of_other_lakes_and_failed_ones(self, own: HandLake) -> None:
        settings = own.config.read_text("utf-8")
        more = settings[settings.index("[lakes.main]") :].replace("main", "other")
        own.config.write_text(settings + more, encoding="utf-8")
        failed = own.metastore.rename(own.folder / "away")
        assert run("audit", "--lake", "other", config=own.config).code == 2
        assert run("audit", "--lake", "main", config=own.config).code == 2
        failed.rename(own.metastore)
        from app import wiring
        from app.settings import load_settings
        from app.store.database import reading_scope
        from app.store.runs import list_runs

        with (
            wiring.opened_state(load_settings(own.config, {})) as database,
            reading_scope(database) as session,
        ):
            ids = {(run.lake, run.state): run.id for run in list_runs(session).items}
        for command in (("changes", "--since"), ("exposures", "--run"), ("gaps", "--run")):
            other = run(*command, ids["other", "failed"], "--lake", "main", config=own.config)
            assert (other.code, "is of other, not of main" in other.err) == (2, True)
            broken = run(*command, ids["main", "failed"], "--lake", "main", config=own.config)
            assert (broken.code, "failed" in broken.err) == (2, True)


def test_widest(audited: HandLake) -> None:
    ran = run("widest", config=audited.config)
    assert ran.code == 0
    assert ran.lines[2].split()[:4] == ["SEV0", "role:public", "1", "everyone"]
    assert "1 person" in ran.lines[3]
    rows = run("widest", "--limit", "1", "--format", "json", config=audited.config).json
    assert [row["opening"] for row in rows] == ["role:public"]


def test_gaps(own: HandLake) -> None:
    assert run("gaps", config=own.config).out == "Nothing was left unread.\n"
    own.damage("DROP TABLE DB_PRIVS")
    assert run("audit", config=own.config).code == 2
    ran = run("gaps", config=own.config)
    assert (ran.code, "there is no table DB_PRIVS" in ran.lines[2]) == (0, True)
    found = run("gaps", "--format", "json", config=own.config).json
    assert [gap["doubt"] for gap in found] == ["Grants on databases"]


class TestStatus:
    def test_well(self, audited: HandLake) -> None:
        ran = run("status", "--format", "json", config=audited.config)
        assert ran.code == 0
        assert (ran.json[0]["well"], ran.json[0]["exit_code"]) == (True, 1)
        assert run("status", config=audited.config).lines[2].split()[:2] == ["main", "yes"]

    def test_never_audited(self, tmp_path: Path) -> None:
        lake = HandLake(tmp_path).write()
        ran = run("status", config=lake.config)
        assert (ran.code, "never audited" in ran.out) == (2, True)

    def test_failures_since(self, own: HandLake) -> None:
        own.damage("DROP TABLE TBLS")
        assert run("audit", config=own.config).code == 2
        ran = run("status", config=own.config)
        assert (ran.code, "1 run failed since: " in ran.out) == (2, True)

    def test_no_lake(self, tmp_path: Path) -> None:
        empty = tmp_path / "lakewarden.toml"
        empty.write_text("", encoding="utf-8")
        ran = run("status", config=empty)
        assert (ran.code, "No lake is set up" in ran.out) == (2, True)
