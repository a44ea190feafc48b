"""Causes on random lakes: every exposure has one, and an incident keeps its name."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.causes.audited import audited
from tests.core.random_lakes import RandomLake, lakes
from tests.test_audit import policies_in, policy_lines

MODES = ("sql-standard", "legacy", "off")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lakes(), policy_lines(), st.sampled_from(MODES))
def test_every_exposure_belongs_to_an_incident_and_incidents_keep_their_names(
    lake: RandomLake, lines: str, mode: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policies = policies_in(folder, lines)
        first = audited(lake, policies, mode, folder, "one")
        exposures, incidents = first.exposures(), first.incidents()
        placed = first.incidents_of(list(exposures))
        assert placed.keys() == exposures.keys()
        assert {key for keys in placed.values() for key in keys} == incidents.keys()
        for key, incident in incidents.items():
            mine = [exposures[each] for each in first.exposures_of(key)]
            assert incident.exposures == len(mine)
            assert incident.severity == min(row["severity"] for row in mine)
            assert incident.everyone == any(row["everyone"] for row in mine)
            assert set(incident.rights) == {row["right"] for row in mine}
            assert len(incident.kinds) == len({kind for row in mine for kind in row["kinds"]})
            assert incident.tables == len({r["object"] for r in mine if r["scope"] == "table"})
            shared = {each for row in mine for each in placed[row["id"]]} - {key}
            assert set(incident.also_through) == shared
        again = audited(lake, policies, mode, folder, "two", first.folder)
        assert again.incidents() == incidents
