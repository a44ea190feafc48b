"""The compiled judge gives what a loop over Casbin's enforce gives."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import PolicyError
from app.core.population import ANYONE
from app.core.verdicts import PolicyLine
from app.policy.compiled import compile_judge
from app.policy.enforcing import (
    Enforce,
    enforce_one,
    memberships_of,
    needs_population,
    reference_enforce,
)
from app.policy.subjects import Subject
from tests.policy.cases import CLASSES, RIGHTS, Case, cases
from tests.policy.plain_casbin import plain_enforcer

ALL_CLASSES = (*CLASSES, "unclassified")
every_model = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=400)
T = TypeVar("T")


def answered(call: Callable[[], T]) -> T | None:
    """What a call returns; None where it raises PolicyError."""
    try:
        return call()
    except PolicyError:
        return None


def _allowed(enforce: Enforce, case: Case, data_class: str, right: str) -> set[int]:
    """The bits that enforce allows. Raises PolicyError where Casbin fails for somebody."""
    return {
        bit
        for bit in case.population.everybody
        if enforce(case.population.subject(bit), data_class, right)
    }


@every_model
@given(cases())
def test_permitted_is_a_loop_over_enforce(case: Case) -> None:
    enforce = answered(lambda: reference_enforce(case.policies, case.population))
    judge = answered(lambda: compile_judge(case.policies, case.population))
    assert (judge is None) == (enforce is None)
    if judge is None or enforce is None:
        return
    for data_class in ALL_CLASSES:
        for right in RIGHTS:
            expected = answered(partial(_allowed, enforce, case, data_class, right))
            found = answered(partial(judge.permitted, data_class, right))
            assert (None if found is None else set(found)) == expected, (data_class, right)
    if case.splits:
        assert judge.slow_because == ""


@settings(every_model, max_examples=150)
@given(cases(), st.sets(st.sampled_from(ALL_CLASSES), min_size=1, max_size=3))
def test_a_table_of_several_classes_must_be_allowed_for_each(case: Case, classes: set[str]) -> None:
    """Permitted for all classes, one subject's cold question and a loop over enforce agree."""
    enforce = answered(lambda: reference_enforce(case.policies, case.population))
    if enforce is None:
        return
    judge = compile_judge(case.policies, case.population)
    for bit, user in enumerate(case.population.users, start=1):
        subject, right = f"user:{user}", RIGHTS[bit % 3]
        loop = {known: answered(partial(enforce, subject, known, right)) for known in classes}
        expected = None if None in loop.values() else all(loop.values())
        sets = {known: answered(partial(judge.permitted, known, right)) for known in classes}
        if None not in sets.values():
            assert expected == all(bit in found for found in sets.values() if found is not None)
        if not needs_population(case.policies):
            one = answered(partial(_cold, case, bit, subject, classes, right))
            assert (None if one is None else one[0]) == expected


def _cold(
    case: Case, bit: int, subject: str, classes: set[str], right: str
) -> tuple[bool, tuple[PolicyLine, ...]]:
    people = case.population
    return enforce_one(
        case.policies,
        people.edges,
        subject,
        classes,
        right,
        kind=people.kind(bit),
        active=bit in people.active_people or bit in people.active_services,
    )


@settings(every_model, max_examples=250)
@given(cases(), st.sampled_from(("carl", "dora", "zed", "bobby", "~anyone")))
def test_who_is_in_no_list_is_asked_about_by_his_own_name(case: Case, user: str) -> None:
    """Policy may name, group by hand or match with a pattern whom the population lacks."""
    people = case.population
    if people.bit(user) != ANYONE:
        return
    judge = answered(lambda: compile_judge(case.policies, people))
    if judge is None:
        return
    plain = plain_enforcer(case.policies, people, f"user:{user}")
    for data_class in CLASSES:
        for right in RIGHTS:
            expected = _plainly(plain, Subject(f"user:{user}"), data_class, right)
            found = answered(partial(judge.decide, user, data_class, right))
            assert (None if found is None else found[0]) == expected


def _plainly(plain: Any, subject: Subject, data_class: str, right: str) -> bool | None:
    """Casbin's answer; None where it fails."""
    try:
        return bool(plain.enforce(subject, data_class, right))
    except Exception:  # noqa: BLE001 - a function of the model may raise anything
        return None


@settings(every_model, max_examples=150)
@given(cases())
def test_the_deciding_line_is_what_casbin_explains(case: Case) -> None:
    if not case.splits:
        return
    judge = answered(lambda: compile_judge(case.policies, case.population))
    if judge is None:
        return
    plain = plain_enforcer(case.policies, case.population)
    subjects = memberships_of(case.policies, case.population).subjects
    for bit in case.population.everybody:
        for data_class in CLASSES[:2]:
            subject = case.population.subject(bit)
            allowed, row = plain.enforce_ex(subjects.subject(bit), data_class, "select")
            assert allowed == (bit in judge.permitted(data_class, "select"))
            line = judge.deciding_line(subject, data_class, "select")
            if line is not None:
                assert list(line.values) == row
                assert line in judge.lines_considered(data_class, "select")
                assert case.effect_of(line) == ("allow" if allowed else "deny")
            elif row:
                # It matched and did not decide: such as a denial where allow overrides.
                assert case.effect_of(row) == ("deny" if allowed else "allow") or case.overrides
