"""The life of incidents, step by step and against a naive one on random histories."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import ConflictError
from app.core.incident_acts import acknowledge, claim_mended
from app.core.incident_life import apply_waivers, live_through, seen_as_before
from app.core.incident_records import IncidentChange, IncidentRecord, Standing, louder
from app.core.incident_telling import RunSight
from app.core.incidents import (
    EVENT_KINDS,
    STATES,
    FoundIncident,
    IncidentNumbers,
    Notice,
    fingerprint,
)
from app.core.verdicts import Waiver
from app.core.waivers import NOTHING_WAIVED, MeasuredWaiver, WaiverVerdicts
from tests.core.found_incidents import found, sight

LEAK = found()
KEY = LEAK.key


class History:
    """A lake's incidents, as they live on from run to run."""

    def __init__(self) -> None:
        self.records: dict[str, IncidentRecord] = {}
        self.kinds: list[str] = []
        self.notices: list[Notice] = []
        self.notes: list[str] = []

    def run(
        self,
        number: int,
        *seen: FoundIncident,
        waived: WaiverVerdicts = NOTHING_WAIVED,
        **more: Any,
    ) -> list[str]:
        """A run that found these; the kinds of events that came of it."""
        run = sight(number, **more)
        changes, notices = live_through(self.records, seen, run, waived)
        self._check_the_short_way(seen, run, waived, changes, notices)
        return self._take(changes, notices)

    def _check_the_short_way(
        self,
        seen: Sequence[FoundIncident],
        run: RunSight,
        waived: WaiverVerdicts,
        changes: Sequence[IncidentChange],
        notices: Sequence[Notice],
    ) -> None:
        """What is seen as before may be left out: it is seen again, and that is all."""
        known = {
            key: Standing(record.state, bool(record.waivers), fingerprint(record.found))
            for key, record in self.records.items()
        }
        same = seen_as_before(known, seen, waived)
        others = {key: record for key, record in self.records.items() if key not in same}
        short = live_through(others, seen, run, waived, same)
        assert short == ([each for each in changes if each.record.key not in same], notices)
        for change in (each for each in changes if each.record.key in same):
            before = self.records[change.record.key]
            again = replace(before, last_seen=run.began, last_run=run.run)
            assert (change.record, change.events, change.notices) == (again, (), ())

    def waive(self, waived: WaiverVerdicts, at: RunSight) -> list[str]:
        return self._take(apply_waivers(self.records.values(), at, waived), [])

    def act(self, change: IncidentChange) -> list[str]:
        return self._take([change], [])

    def _take(self, changes: Iterable[IncidentChange], notices: Sequence[Notice]) -> list[str]:
        kinds = []
        self.notices += notices
        for change in changes:
            before = self.records.get(change.record.key)
            numbers = [event.sequence for event in change.events]
            start = before.sequence if before else 0
            assert numbers == list(range(start + 1, change.record.sequence + 1))
            self.records[change.record.key] = change.record
            kinds += [event.kind for event in change.events]
            self.notes += [event.note for event in change.events]
            self.notices += change.notices
        self.kinds += kinds
        return kinds

    def told(self) -> list[str]:
        """The kinds of notices since last asked."""
        kinds = [each.kind for each in self.notices]
        self.notices.clear()
        return kinds

    @property
    def leak(self) -> IncidentRecord:
        return self.records[KEY]


def waiver(status: str = "in-force", **more: Any) -> MeasuredWaiver:
    made = Waiver("w", "the cut-over", "ciso", "2026-06-30", {"class": "payroll"}, 9, 9)
    return MeasuredWaiver(replace(made, **more), "file", status, 3, 3, 7)


def holding(*keys: str) -> WaiverVerdicts:
    return WaiverVerdicts((waiver(),), dict.fromkeys(keys, ("w",)))


def opened() -> History:
    history = History()
    assert history.run(1, LEAK) == ["opened"]
    return history


def test_a_fingerprint_tells_every_difference() -> None:
    others = [
        found("other"),
        replace(LEAK, people=8),
        replace(LEAK, sample=("hr.other",)),
        replace(LEAK, cause=replace(LEAK.cause, words="the role renamed")),
        replace(LEAK, in_doubt=True),
    ]
    assert len({fingerprint(each) for each in (LEAK, *others)}) == 6
    assert fingerprint(found()) == fingerprint(LEAK)


def test_a_whole_life() -> None:
    life = opened()
    assert life.told() == ["opened"]
    assert life.act(acknowledge(life.leak, "dana", sight(1), "mine", None)) == ["acknowledged"]
    wide = replace(LEAK, tables=45_000, exposures=45_000, severity="SEV0")
    assert life.run(2, wide) == ["grown"]
    assert life.notes[-1] == ("severity SEV1 → SEV0, exposures 3 → 45,000, tables 3 → 45,000")
    small = replace(LEAK, tables=1, exposures=1)
    assert life.run(3, small) == ["shrunk"]
    assert life.leak.state == "acknowledged"
    assert life.leak.widest == IncidentNumbers("SEV0", 45_000, 45_000, 7)
    assert life.act(claim_mended(life.leak, "dana", sight(3), "", None)) == ["mended"]
    other = replace(small, path=("role public > role other", "role other > role leak"))
    assert life.run(4, other) == ["still-open"]
    assert life.notes[-1] == (
        "dana said it was mended; still open by another path now: "
        "role public > role other > role other > role leak"
    )
    assert life.leak.state == "acknowledged"
    life.act(claim_mended(life.leak, "dana", sight(4), "", None))
    assert life.run(5) == ["resolved"]
    assert life.notes[-1] == "as dana said"
    assert life.run(6) == []
    assert life.run(7, LEAK) == ["regressed"]
    assert (life.leak.state, life.leak.regressions) == ("open", 1)
    assert (life.leak.acknowledged_by, life.leak.claimed_by) == ("", "")
    assert (life.leak.first_run, life.leak.opened_run) == ("run001", "run007")
    last = life.notices[-1]
    assert (last.kind, last.severity, last.data["severity"]) == ("regressed", "SEV0", "SEV1")
    assert [each.sequence for each in life.notices] == list(range(2, 10))
    assert {each.id for each in life.notices} == {f"{KEY}-{n}" for n in range(2, 10)}


def test_an_identical_second_run_says_nothing() -> None:
    life = opened()
    life.told()
    assert life.run(2, LEAK) == []
    assert life.told() == []
    assert life.leak.last_run == "run002"


@pytest.mark.parametrize(
    "worse",
    [
        {"people": 8},
        {"tables": 4},
        {"exposures": 4},
        {"services": 2},
        {"inactive": 1},
        {"unknown": 1},
        {"opaque_groups": 1},
        {"severity": "SEV0"},
        {"classes": ("keystrokes", "payroll")},
        {"rights": ("select", "update")},
        {"kinds": ("everyone", "can-delegate")},
        {"people": 8, "tables": 1},
    ],
)
def test_what_is_growth(worse: dict[str, Any]) -> None:
    life = opened()
    assert life.run(2, replace(LEAK, **worse)) == ["grown"]
    assert life.run(3, LEAK) == (["shrunk"] if worse != {"people": 8, "tables": 1} else ["grown"])


def test_from_some_to_everyone_and_from_doubt_to_certainty_is_growth() -> None:
    life = History()
    life.run(1, replace(LEAK, everyone=False, in_doubt=True))
    assert life.run(2, replace(LEAK, everyone=False)) == ["grown"]
    assert life.run(3, LEAK) == ["grown"]


def test_an_incomplete_run_resolves_nothing_and_shrinks_nothing() -> None:
    life = opened()
    assert life.run(2, complete=False) == []
    assert life.leak.state == "open"
    assert life.run(3, replace(LEAK, tables=1), complete=False) == []
    assert life.leak.found.tables == 3
    assert life.run(4, replace(LEAK, tables=1, people=9), complete=False) == ["grown"]
    assert (life.leak.found.tables, life.leak.found.people) == (3, 9)
    assert life.run(5, replace(LEAK, tables=1, people=9)) == ["shrunk"]


def test_what_a_gap_shadows_is_unknown_and_comes_back_as_it_was() -> None:
    life = opened()
    life.act(acknowledge(life.leak, "dana", sight(1), "", None))
    hidden = replace(LEAK, shadowed=True)
    assert life.run(2, hidden, complete=False) == ["unknown"]
    assert life.run(3, hidden, complete=False) == []
    assert life.run(4, complete=False) == []
    assert life.leak.state == "unknown"
    assert life.run(5, LEAK) == ["seen-again"]
    assert life.leak.state == "acknowledged"
    life.run(6, hidden, complete=False)
    assert life.run(7) == ["resolved"]
    assert life.run(8, hidden, complete=False) == []
    assert life.leak.state == "resolved"


def test_what_is_first_heard_of_behind_a_gap_is_unknown() -> None:
    life = History()
    assert life.run(1, replace(LEAK, shadowed=True), complete=False) == ["unknown"]
    assert life.leak.state == "unknown"
    assert life.run(2, LEAK) == ["seen-again"]
    assert life.leak.state == "open"


def test_a_claim_behind_a_gap_counts_when_it_is_gone() -> None:
    life = opened()
    life.run(2, replace(LEAK, shadowed=True), complete=False)
    assert life.act(claim_mended(life.leak, "dana", sight(2), "", None)) == ["mended"]
    assert life.leak.state == "unknown"
    assert life.run(3, LEAK) == ["seen-again", "still-open"]
    assert life.leak.state == "open"


def test_a_run_that_began_before_a_claim_does_not_contradict_it() -> None:
    life = opened()
    life.act(claim_mended(life.leak, "dana", sight(2), "", None))  # while run 2 crawls
    assert life.run(2, LEAK) == []
    assert life.leak.state == "mended"
    old: dict[str, Any] = {"began": "2026-06-12T10:00:00Z", "crawled": "2026-06-12T07:00:00Z"}
    assert life.run(3, LEAK, **old) == []  # an older crawl, judged again
    late: dict[str, Any] = {"began": "2026-06-12T10:00:00Z", "crawled": "2026-06-12T09:00:00Z"}
    assert life.run(4, LEAK, **late) == ["still-open"]


def test_within_one_second_a_crawl_counts_by_its_instant() -> None:
    life = opened()
    claimed = sight(2, instant="2026-06-12T08:00:09.400000Z")
    life.act(claim_mended(life.leak, "dana", claimed, "", None))
    assert life.run(3, LEAK, crawled="2026-06-12T08:00:09.300000Z") == []
    assert life.run(4, LEAK, crawled="2026-06-12T08:00:09.500000Z") == ["still-open"]


def test_a_clock_set_back_changes_no_order() -> None:
    life = opened()
    life.act(claim_mended(life.leak, "dana", sight(1, now="2030-01-01T00:00:00Z"), "", None))
    early: dict[str, Any] = {"began": "2020-01-01T00:00:00Z", "now": "2020-01-01T00:00:00Z"}
    assert life.run(2, LEAK, **early) == ["still-open"]
    assert life.run(3, **early) == ["resolved"]
    assert [each.sequence for each in life.notices] == [1, 2, 3, 4]


def test_what_closes_tells_what_may_still_be_open_and_that_the_policies_changed() -> None:
    other = found("other")
    life = History()
    life.run(1, replace(LEAK, also_through=(other.key, "gone")), other)
    assert life.run(2, other, policies_changed=True) == ["resolved"]
    assert life.notes[-1] == (
        f"what it opened may still be open through the role other ({other.key}); "
        "the policies changed since the run before"
    )


def test_a_first_run_makes_one_digest() -> None:
    life = History()
    leaks = [found(f"r{n}", severity=f"SEV{n % 5}") for n in range(40)]
    waived = holding(leaks[0].key)
    kinds = life.run(1, *leaks, baseline=True, waived=waived)
    assert sorted(set(kinds)) == ["opened", "waived"]
    (digest,) = life.notices
    assert (digest.kind, digest.incident, digest.severity) == ("digest", "", "SEV0")
    assert digest.title == "First audit of prod: 7 SEV0, 8 SEV1, 8 SEV2, 8 SEV3, 8 SEV4"
    assert (digest.data["incidents"], digest.data["waived"]) == (39, 1)
    assert len(digest.data["gravest"]) == 20  # type: ignore[arg-type]
    life.told()
    life.run(2, *leaks, waived=waived)
    assert life.told() == []
    life.run(3, *leaks, found("new"), waived=waived)
    assert life.told() == ["opened"]


def test_a_first_run_that_finds_nothing_says_so_and_if_it_was_not_whole_that_too() -> None:
    life = History()
    life.run(1, baseline=True, complete=False)
    assert life.notices[0].title == (
        "First audit of prod: no incident; not everything could be judged"
    )
    assert life.notices[0].data["complete"] is False


def test_waived_is_quiet_until_it_ends() -> None:
    life = opened()
    life.told()
    assert life.run(2, LEAK, waived=holding(KEY)) == ["waived"]
    assert life.told() == ["waived"]
    assert "until 2026-06-30: the cut-over (approved by ciso)" in life.notes[-1]
    assert life.run(3, replace(LEAK, tables=5), waived=holding(KEY)) == ["grown"]
    assert life.told() == []
    expired = WaiverVerdicts((waiver("expired"),))
    assert life.waive(expired, sight(3)) == ["waiver-ended"]
    assert life.notes[-1] == "waiver w ended on 2026-06-30"
    assert life.told() == ["waiver-ended"]
    assert life.waive(expired, sight(3)) == []


def test_outgrown_and_taken_back_waivers_end_with_their_reason() -> None:
    for verdicts, why in (
        (
            WaiverVerdicts((waiver("outgrown"),)),
            "waiver w is outgrown: 3 tables and 7 people, of at most 9 and 9",
        ),
        (WaiverVerdicts(), "waiver w was taken back"),
        (WaiverVerdicts((waiver(),)), "waiver w no longer covers all of it"),
    ):
        life = opened()
        life.run(2, LEAK, waived=holding(KEY))
        life.told()
        assert life.run(3, LEAK, waived=verdicts) == ["waiver-ended"]
        assert (life.notes[-1], life.told()) == (why, ["waiver-ended"])


def test_what_was_waived_from_the_start_was_never_told() -> None:
    life = History()
    assert life.run(1, LEAK, waived=holding(KEY)) == ["opened", "waived"]
    assert life.run(2, waived=holding(KEY)) == ["resolved"]
    assert life.told() == []
    assert life.run(3, LEAK) == ["regressed"]
    assert life.told() == ["regressed"]


def test_behind_a_gap_a_waiver_holds_until_it_ends() -> None:
    life = opened()
    life.run(2, LEAK, waived=holding(KEY))
    hidden = replace(LEAK, shadowed=True)
    in_force = WaiverVerdicts((waiver(),))
    assert life.run(3, hidden, complete=False, waived=in_force) == ["unknown"]
    assert life.run(4, complete=False, waived=in_force) == []
    assert life.run(5, complete=False, waived=WaiverVerdicts((waiver("expired"),))) == [
        "waiver-ended"
    ]


def test_acts_that_say_nothing_are_refused() -> None:
    life = opened()
    life.act(acknowledge(life.leak, "dana", sight(1), "", None))
    with pytest.raises(ConflictError, match="acknowledged by dana already"):
        acknowledge(life.leak, "bob", sight(1), "", None)
    life.act(claim_mended(life.leak, "dana", sight(1), "", None))
    for act in (acknowledge, claim_mended):
        with pytest.raises(ConflictError, match="is mended, not open"):
            act(life.leak, "bob", sight(1), "", None)
    life.run(2)
    for act in (acknowledge, claim_mended):
        with pytest.raises(ConflictError, match="is resolved, not open"):
            act(life.leak, "bob", sight(2), "", None)


def test_hostile_words_are_escaped_in_titles() -> None:
    cause = replace(LEAK.cause, words="")
    life = History()
    life.run(1, replace(LEAK, cause=replace(cause, subject="role:a\nb\u202e")))
    assert "\n" not in life.notices[0].title
    assert "\u202e" not in life.notices[0].title


def test_louder_is_one_severity_up() -> None:
    assert [louder(each) for each in ("SEV4", "SEV1", "SEV0")] == ["SEV3", "SEV0", "SEV0"]


NAMES = ("a", "b", "c")
SEEN = st.one_of(
    st.none(),
    st.builds(lambda tables, shadowed: (tables, shadowed), st.integers(1, 3), st.booleans()),
)
RUNS = st.lists(st.tuples(st.booleans(), st.tuples(SEEN, SEEN, SEEN)), max_size=12)


@given(RUNS)
def test_random_histories_are_as_a_naive_reading_has_them(
    runs: list[tuple[bool, tuple[tuple[int, bool] | None, ...]]],
) -> None:
    life, expected = History(), dict.fromkeys(NAMES, ("none", 0))
    for number, (complete, seen) in enumerate(runs, 1):
        given_now = [
            found(name, tables=each[0], shadowed=each[1])
            for name, each in zip(NAMES, seen, strict=True)
            if each
        ]
        life.run(number, *given_now, complete=complete)
        for name, each in zip(NAMES, seen, strict=True):
            expected[name] = _naive(expected[name], each, complete)
            record = life.records.get(found(name).key)
            state, tables = expected[name]
            assert (record.state if record else "none") == state
            assert (record.found.tables if record else 0) == tables
            assert record is None or record.widest.tables >= tables
    assert set(life.kinds) <= set(EVENT_KINDS)
    assert {record.state for record in life.records.values()} <= set(STATES)


def _naive(
    before: tuple[str, int], seen: tuple[int, bool] | None, complete: bool
) -> tuple[str, int]:
    state, tables = before
    if seen is None:
        return ("resolved" if complete and state != "none" else state), tables
    if seen[1]:
        if state in ("none", "resolved"):
            return (state, tables) if state == "resolved" else ("unknown", seen[0])
        return "unknown", tables
    if state in ("none", "resolved"):
        return "open", seen[0]
    return "open", seen[0] if complete else max(seen[0], tables)


def test_one_person_for_another_is_growth() -> None:
    life = opened()
    life.told()
    swapped = replace(LEAK, new_people=1, newcomers=("user:eve",))
    assert life.run(2, swapped) == ["grown"]
    (notice,) = life.notices
    assert notice.data["newcomers"] == ["user:eve"]
    assert notice.data["note"] == "in kind, not in number; newly: user:eve"
    assert life.run(3, LEAK) == []


def test_one_table_for_another_is_growth() -> None:
    life = opened()
    assert life.run(2, replace(LEAK, new_exposures=1)) == ["grown"]
    assert life.notes[-1] == "1 other exposures than before"


def test_what_many_incidents_share_is_told_once() -> None:
    small = [found(f"small{n}", severity="SEV2", everyone=False) for n in range(5)]
    keys = tuple(each.key for each in small)
    small = [replace(each, also_through=keys) for each in small]
    life = History()
    assert life.run(1, *small) == ["opened"] * 5
    life.told()
    wide = found("wide", severity="SEV0", also_through=keys)
    now = [
        replace(each, severity="SEV0", everyone=True, also_through=(*keys, wide.key))
        for each in small
    ]
    assert sorted(life.run(2, *now, wide)) == ["grown"] * 5 + ["opened"]
    assert [each.incident for each in life.notices] == [wide.key]
    life.told()
    classed = [replace(each, classes=("keys", "payroll")) for each in (*now, wide)]
    assert life.run(3, *classed) == ["grown"] * 6
    assert life.told() == ["grown"]
    assert sorted(life.run(4, *small)) == ["resolved"] + ["shrunk"] * 5
    assert life.told() == ["resolved"]
    alone = replace(classed[0], also_through=(), severity="SEV0")
    assert life.run(5, alone, *small[1:]) == ["grown"]
    assert life.told() == ["grown"]


def test_what_grew_by_itself_is_told_whatever_the_others_do() -> None:
    first, second = found("one"), found("two")
    first = replace(first, also_through=(second.key,))
    life = History()
    life.run(1, first, second)
    life.told()
    life.run(2, replace(first, people=8), replace(second, tables=9))
    assert life.told() == ["grown", "grown"]
