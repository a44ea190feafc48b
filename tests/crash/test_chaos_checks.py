"""The checks of the chaos run can fail: each is shown what it must not let pass."""

import json
import random
from types import SimpleNamespace
from typing import Any

import pytest

from tests.alert.receivers import Received
from tests.crash.chaos_checks import (
    WrongError,
    check_acts,
    check_identities,
    check_order,
    wrongly_said,
)
from tests.crash.chaos_lake import ChangingLake

LAKE = ChangingLake(random.Random(1))
KEY = LAKE.all[0].incident


def event(kind: str, incident: str = KEY, run: str = "run1", key: str | None = None) -> Any:
    return SimpleNamespace(incident=incident, sequence=1, kind=kind, run=run, idempotency_key=key)


def body(sequence: int, incident: str = "a", **more: object) -> dict[str, Any]:
    data = {"id": f"{incident}-{sequence}", "incident": incident, "sequence": sequence, **more}
    return {"type": "incident.grown", "data": data}


def received(said: dict[str, Any], identity: str) -> Received:
    return Received("/hook", {"webhook-id": identity}, json.dumps(said).encode(), 0.0)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (event("resolved"), True),  # the snapshot shows it open
        (event("opened"), False),
        (event("opened", run="run2"), True),  # the snapshot shows it closed
        (event("resolved", run="run2"), False),
        (event("resolved", run="run9"), True),  # no such run
        (event("resolved", incident="another"), True),  # nobody closed it
        (event("opened", incident="another"), False),
        (event("acknowledged", run="run9"), False),
    ],
)
def test_what_a_snapshot_does_not_bear_out_is_wrong(said: Any, wrong: bool) -> None:
    runs: dict[str, str | None] = {"run1": "open", "run2": "closed"}
    open_in = {"open": frozenset((KEY,)), "closed": frozenset[str]()}
    assert bool(wrongly_said([said], runs, open_in, LAKE)) == wrong


def test_a_later_event_that_came_first_is_found() -> None:
    check_order([body(1), body(2), body(1), body(3), body(1, "b")])
    with pytest.raises(WrongError, match="a-2 came after 3"):
        check_order([body(1), body(3), body(2)])
    check_order([body(3), body(2, reminder=True)])


def test_an_id_with_two_contents_is_found() -> None:
    first, other = body(1), body(1, tables=2)
    check_identities([received(first, "a-1")] * 2, [first] * 2)
    with pytest.raises(WrongError, match="two contents"):
        check_identities([received(first, "a-1"), received(other, "a-1")], [first, other])
    with pytest.raises(WrongError, match="a-1 came as a-7"):
        check_identities([received(first, "a-7")], [first])


def test_an_act_that_is_lost_or_doubled_is_found() -> None:
    check_acts([event("acknowledged", key="k")], {"k": KEY})
    for stands in ([], [event("acknowledged", key="k")] * 2):
        with pytest.raises(WrongError, match=f"stands {len(stands)} times"):
            check_acts(stands, {"k": KEY})
