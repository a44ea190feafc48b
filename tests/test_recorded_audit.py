"""Incidents through real audits of a real metastore: what each run records beside itself."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from app import recorded_audit, recorded_waivers, wiring
from app.core.errors import SourceError
from app.core.incident_records import IncidentEvent, IncidentRecord
from app.core.incidents import Notice, Plan
from app.core.verdicts import Waiver
from app.recorded_waivers import apply_lake_waivers, measured_waivers
from app.settings import LakeSettings, load_settings
from app.store.database import Database, reading_scope, session_scope
from app.store.identifiers import utc_now
from app.store.incidents import IncidentFilter, every_event, list_incidents
from app.store.outbox import claim_notices, mark_done
from app.store.waivers import create_waiver, end_waiver
from tests.commands.hand_lake import HandLake, payroll_lake

COPY = "scratch.salaries_bak"


@dataclass(frozen=True)
class Audited:
    """A lake with its state: audited as often as wanted."""

    lake: HandLake
    database: Database
    policies: Path

    def audit(self) -> list[str]:
        """Audit; the kinds of events that came of it, sorted."""
        before = {record.key: record.sequence for record in self.incidents()}
        wiring.run_audit(load_settings(self.lake.config, {}), self.named())
        return sorted(
            event.kind
            for record in self.incidents()
            for event in self._events(record.key)[before.get(record.key, 0) :]
        )

    def incidents(self) -> tuple[IncidentRecord, ...]:
        with reading_scope(self.database) as session:
            return list_incidents(session, self.lake.name, IncidentFilter(), limit=200).items

    def _events(self, key: str) -> list[IncidentEvent]:
        with reading_scope(self.database) as session:
            return every_event(session, key)

    def named(self) -> LakeSettings:
        """The lake's settings, with the policies that may be changed."""
        settings = load_settings(self.lake.config, {})
        chosen = wiring.LakeChoice(lake=self.lake.name, policies=self.policies)
        return wiring.choose_lake(settings, chosen)

    def copy(self) -> IncidentRecord:
        """The incident of the grants to public."""
        (found,) = [each for each in self.incidents() if each.found.cause.subject == "role:public"]
        return found

    def states(self) -> set[str]:
        return {record.state for record in self.incidents()}

    def notices(self) -> list[Notice]:
        """All that waits in the outbox, taken and done."""
        taken: list[Notice] = []
        while True:
            with session_scope(self.database) as session:
                found = claim_notices(session, "test", 200)
                mark_done(session, [each.id for each in found], "test")
            if not found:
                return taken
            taken += found

    def told(self) -> list[str]:
        return [each.kind for each in self.notices()]

    def waive(self, **more: str) -> str:
        """A waiver of the grants to public, made as the API makes it."""
        with session_scope(self.database) as session:
            made = create_waiver(
                session,
                lake=self.lake.name,
                reason="the cut-over",
                approver="ciso",
                expires=utc_now().date() + timedelta(days=2),
                scope={"principal": "role:public", **more},
                created_by="dana",
            )
        return made.id

    def apply(self, *of_file: Waiver) -> None:
        apply_lake_waivers(self.database, self.lake.name, of_file, wiring.new_engine, "dana")


@pytest.fixture
def audited(tmp_path: Path) -> Iterator[Audited]:
    lake = payroll_lake(tmp_path / "lake")
    lake.people.append("etl,service,true")  # who granted is still there, and can take back
    lake.write()
    policies = tmp_path / "policies"
    shutil.copytree(wiring.starter_policies(), policies)
    with wiring.opened_state(load_settings(lake.config, {})) as database:
        made = Audited(lake, database, policies)
        assert set(made.audit()) == {"opened"}
        yield made


def write_waiver(audited: Audited, expires: str) -> None:
    (audited.policies / "waivers.yaml").write_text(
        "waivers:\n  - id: w\n    reason: known\n    approver: ciso\n"
        f"    expires: {expires}\n    scope: {{principal: 'role:public'}}\n",
        encoding="utf-8",
    )


def test_a_life_through_real_audits(audited: Audited) -> None:
    (digest,) = audited.notices()
    assert (digest.kind, digest.data["incidents"]) == ("digest", len(audited.incidents()))
    mends = digest.data["mends"]
    assert isinstance(mends, list)
    assert [each["incident"] for each in mends][:1] == [audited.incidents()[0].key]
    assert any(each["statements"] and each["simulation"]["closes_all"] for each in mends)
    assert audited.audit() == []
    assert audited.told() == []

    audited.lake.revoke(COPY, "public")
    audited.lake.write_metastore()
    assert audited.audit() == ["resolved"]
    assert audited.copy().state == "resolved"
    assert audited.told() == ["resolved"]

    audited.lake.grant("SELECT", "ROLE", "public", COPY)
    audited.lake.write_metastore()
    assert audited.audit() == ["regressed"]
    (notice,) = audited.notices()
    assert (notice.kind, notice.incident, notice.sequence) == ("regressed", audited.copy().key, 3)
    mend = notice.data["mend"]
    assert isinstance(mend, dict)
    found = audited.copy().found
    (statement,) = mend["statements"]
    assert (statement["sql"], statement["run_as"]) == (
        f"REVOKE SELECT ON TABLE {COPY} FROM ROLE public",
        "user:etl",
    )
    assert mend["words"] == f"{statement['sql']} (run by etl)"
    assert mend["simulation"]["closes_all"] is True
    assert mend["simulation"]["exposures_closed"] == found.exposures
    assert mend["effect"].startswith(f"closes {found.exposures} exposure")


def test_an_alert_goes_out_where_no_mend_can_be_made(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited.notices()
    audited.lake.revoke(COPY, "public")
    audited.lake.write_metastore()
    audited.audit()
    audited.lake.grant("SELECT", "ROLE", "public", COPY)
    audited.lake.write_metastore()

    def breaks(*_: object, **__: object) -> dict[str, Plan]:
        raise RuntimeError("no plan today")

    monkeypatch.setattr("app.recorded_audit.draft_mends", breaks)
    monkeypatch.setattr("app.recorded_audit.first_plans", lambda *_: {})
    assert audited.audit() == ["regressed"]
    notice = audited.notices()[-1]
    key = audited.copy().key
    assert notice.data["mend"] == {"words": f"ask for it: lakewarden incidents plan {key}"}


def test_a_waiver_that_ends_says_what_closes_it(audited: Audited) -> None:
    audited.notices()
    waived = audited.waive()
    audited.apply()
    with session_scope(audited.database) as session:
        end_waiver(session, waived, "dana")
    draft = wiring.mends_of(load_settings(audited.lake.config, {}), audited.named())
    apply_lake_waivers(audited.database, audited.lake.name, (), wiring.new_engine, "dana", draft)
    ended = [each for each in audited.notices() if each.kind == "waiver-ended"]
    assert ended
    assert all(each.data["mend"]["statement_count"] for each in ended)  # type: ignore[index]


def test_what_a_crawl_cannot_read_resolves_nothing(audited: Audited) -> None:
    audited.notices()
    audited.lake.revoke(COPY, "public")
    audited.lake.write_metastore()
    audited.lake.damage("DROP TABLE TBL_COL_PRIVS")
    assert audited.audit() == ["unknown"]
    assert audited.copy().state == "unknown"
    assert audited.audit() == []
    audited.lake.write_metastore()
    assert audited.audit() == ["resolved"]
    assert audited.told() == ["unknown", "resolved"]


def test_a_crawl_that_fails_changes_nothing(audited: Audited) -> None:
    before = audited.incidents()
    audited.lake.damage("DROP TABLE TBL_PRIVS")
    with pytest.raises(SourceError):
        audited.audit()
    assert audited.incidents() == before


def test_a_view_that_cannot_be_parsed_does_not_keep_the_rest_open(audited: Audited) -> None:
    audited.lake.view("reporting", "v_odd", "SELECT ((( FROM")
    audited.lake.write_metastore()
    assert "resolved" not in audited.audit()
    audited.lake.revoke(COPY, "public")
    audited.lake.write_metastore()
    assert audited.audit() == ["resolved"]


def test_a_waiver_of_the_file_and_its_end(audited: Audited) -> None:
    audited.notices()
    write_waiver(audited, "2999-01-01")
    assert audited.audit() == ["waived"]
    assert audited.copy().waivers == ("w",)
    assert audited.told() == []  # nobody was told of it but in the digest
    write_waiver(audited, "2020-01-01")
    assert audited.audit() == ["waiver-ended"]
    assert audited.told() == ["waiver-ended"]


def test_a_waiver_ends_between_runs(audited: Audited) -> None:
    audited.notices()
    name = audited.waive()
    audited.apply()
    assert audited.copy().waivers == (name,)
    with session_scope(audited.database) as session:
        end_waiver(session, name, "dana")
    audited.apply()
    audited.apply()
    assert audited.copy().waivers == ()
    assert audited.told() == ["waiver-ended"]


def test_one_that_is_made_while_a_run_is_recorded_counts(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, made = recorded_waivers.measured_on, list[str]()

    def measured(folder: object, lake: object, wanted: Sequence[object], engine: object) -> object:
        found = measure(folder, lake, wanted, engine)  # type: ignore[arg-type]
        if not made:
            made.append(audited.waive())
        return found

    monkeypatch.setattr(recorded_audit, "measured_on", measured)
    assert audited.audit() == ["waived"]
    assert audited.copy().waivers == tuple(made)


def test_one_that_matches_nothing_is_said(audited: Audited) -> None:
    name = audited.waive(database="nowhere")
    _, found = measured_waivers(audited.database, audited.lake.name, (), wiring.new_engine)
    assert found.notes == (f"waiver {name} matches nothing: made through the API",)
