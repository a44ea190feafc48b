"""What the judge answers, in cases one can read."""

from collections.abc import Iterable, Mapping

import pytest

from app.core.errors import PolicyError
from app.core.population import Population
from app.core.verdicts import Judge
from app.policy.compiled import compile_judge
from app.policy.enforcing import enforce_one, needs_population, reference_enforce
from tests.policy.folders import MODEL
from tests.policy.worlds import policies, population

CLASSES = ("payroll", "health", "employee-chat", "employee-keys")
PRIORITY = MODEL.replace(
    "e = some(where (p.eft == allow)) && !some(where (p.eft == deny))",
    "e = priority(p.eft) || deny",
)
SUBJECT_PRIORITY = PRIORITY.replace("priority(", "subjectPriority(")


def matcher(text: str, model: str = MODEL) -> str:
    return model[: model.index("m = ")] + f"m = {text}\n"


def judge(
    lines: Iterable[tuple[str, ...]],
    people: Population,
    model: str = MODEL,
    groupings: Mapping[str, tuple[tuple[str, ...], ...]] | None = None,
) -> Judge:
    return compile_judge(policies(model, lines, groupings, CLASSES), people)


def who(judge: Judge, people: Population, data_class: str, right: str = "select") -> list[str]:
    return list(people.subjects(judge.permitted(data_class, right)))


OFFICE = population(
    people=["ann", "bob", "zoe"],
    services=["etl"],
    leavers=["zoe"],
    strangers=["ghost"],
    opaque=["vendor"],
    edges={
        "user:ann": ("group:hr",),
        "user:zoe": ("group:hr",),
        "group:hr": ("group:staff",),
        "user:bob": ("group:staff",),
        "group:vendor": ("role:reader",),
        "everyone": ("role:public",),
    },
)
ALL = ["anyone", "user:ann", "user:bob", "user:etl", "user:ghost", "user:zoe", "group:vendor"]


@pytest.mark.parametrize(
    ("audience", "allowed"),
    [
        ("user:bob", ["user:bob"]),
        ("group:hr", ["user:ann", "user:zoe"]),
        ("group:staff", ["user:ann", "user:bob", "user:zoe"]),
        ("group:vendor", ["group:vendor"]),
        ("role:reader", ["group:vendor"]),
        ("role:public", ALL),
        ("everyone", ALL),
        ("user:nobody", []),
        ("group:nothing", []),
    ],
)
def test_audiences(audience: str, allowed: list[str]) -> None:
    found = judge([(audience, "payroll", "select", "allow")], OFFICE)
    assert who(found, OFFICE, "payroll") == allowed
    assert who(found, OFFICE, "health") == []
    assert who(found, OFFICE, "payroll", "insert") == []
    assert found.slow_because == ""


def test_a_line_that_denies_wins() -> None:
    lines = [("group:staff", "*", "*", "allow"), ("group:hr", "pay*", "select", "deny")]
    found = judge(lines, OFFICE)
    assert who(found, OFFICE, "payroll") == ["user:bob"]
    assert who(found, OFFICE, "payroll", "insert") == ["user:ann", "user:bob", "user:zoe"]
    assert str(found.deciding_line("user:ann", "payroll", "select")) == (
        "policies/policy.csv:2: p, group:hr, pay*, select, deny"
    )
    assert found.deciding_line("user:etl", "payroll", "select") is None
    assert len(found.lines_considered("payroll", "select")) == 2
    assert len(found.lines_considered("health", "select")) == 1


def test_the_first_line_wins_where_priority_says_so() -> None:
    lines = [("user:ann", "payroll", "*", "deny"), ("group:hr", "*", "select", "allow")]
    assert who(judge(lines, OFFICE, PRIORITY), OFFICE, "payroll") == ["user:zoe"]
    assert who(judge(lines[::-1], OFFICE, PRIORITY), OFFICE, "payroll") == ["user:ann", "user:zoe"]


def test_an_explicit_priority_goes_by_number() -> None:
    model = PRIORITY.replace("p = sub", "p = priority, sub")
    lines = [
        ("10", "group:hr", "*", "select", "allow"),
        ("9", "user:ann", "payroll", "*", "deny"),
        ("100", "user:zoe", "payroll", "*", "deny"),
    ]
    assert who(judge(lines, OFFICE, model), OFFICE, "payroll") == ["user:zoe"]


def test_the_nearest_subject_wins_where_subject_priority_says_so() -> None:
    lines = [
        ("everyone", "payroll", "*", "allow"),
        ("group:staff", "payroll", "*", "deny"),
        ("group:hr", "payroll", "*", "allow"),
        ("user:zoe", "payroll", "*", "deny"),
    ]
    found = judge(lines, OFFICE, SUBJECT_PRIORITY)
    assert who(found, OFFICE, "payroll") == [
        "anyone",
        "user:ann",
        "user:etl",
        "user:ghost",
        "group:vendor",
    ]


def test_subject_priority_refuses_cycles_as_casbin_does() -> None:
    people = population(["ann"], edges={"group:a": ("group:b",), "group:b": ("group:a",)})
    with pytest.raises(PolicyError, match="Casbin cannot order the policy lines: cycle"):
        judge([("group:a", "*", "*", "allow")], people, SUBJECT_PRIORITY)


@pytest.mark.parametrize("cycle", [False, True])
def test_groups_nested_deeper_than_ten_levels(cycle: bool) -> None:
    edges = {f"group:g{level}": (f"group:g{level + 1}",) for level in range(1500)}
    edges["user:ann"] = ("group:g0",)
    if cycle:
        edges["group:g1500"] = ("group:g0",)
    people = population(["ann", "bob"], edges=edges)
    lines = [("group:g1500", "payroll", "select", "allow")]
    assert who(judge(lines, people), people, "payroll") == ["user:ann"]
    enforce = reference_enforce(policies(MODEL, lines, {}, CLASSES), people)
    assert enforce("user:ann", "payroll", "select")
    assert not enforce("user:bob", "payroll", "select")


def test_groups_can_be_extended_by_hand() -> None:
    by_hand = {"g": (("user:bob", "group:hr"), ("group:hr", "role:made"), ("user:off", "group:hr"))}
    lines = [("role:made", "payroll", "select", "allow")]
    found = judge(lines, OFFICE, groupings=by_hand)
    assert who(found, OFFICE, "payroll") == ["user:ann", "user:bob", "user:zoe"]


def test_classes_and_rights_can_be_grouped_by_hand() -> None:
    model = matcher("g(r.sub, p.sub) && g2(r.cls, p.cls) && g3(r.act, p.act)").replace(
        "g = _, _", "g = _, _\ng2 = _, _\ng3 = _, _"
    )
    by_hand = {
        "g2": (("payroll", "pay"), ("pay", "people"), ("health", "people")),
        "g3": (("insert", "write"), ("update", "write")),
    }
    found = judge([("everyone", "people", "write", "allow")], OFFICE, model, by_hand)
    assert who(found, OFFICE, "payroll", "update") == ALL
    assert who(found, OFFICE, "payroll", "select") == []
    assert who(found, OFFICE, "employee-chat", "update") == []


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ('r.sub.kind == "person"', ["user:ann", "user:bob", "user:zoe"]),
        ("r.sub.active", ["user:ann", "user:bob", "user:etl"]),
        ('r.sub.kind == "unknown"', ["anyone", "user:ghost", "group:vendor"]),
        ('r.sub.kind == "person" && r.sub.active', ["user:ann", "user:bob"]),
        ('r.sub.name == "etl"', ["user:etl"]),
        ('!g(r.sub, "group:staff") && r.sub.active', ["user:etl"]),
        ('keyMatch(r.sub, "user:b*")', ["user:bob"]),
        ('r.sub in ("user:bob", "user:none")', ["user:bob"]),
        ('r.sub == "user:" + "ann" || g(r.sub, p.sub)', ["user:ann"]),
        ('r.sub == "user:bob" && r.cls == "payroll"', ["user:bob"]),
        ('(r.sub.kind == "service") == (r.cls == "payroll")', ["user:etl"]),
        ('g(r.sub, "group:hr") if r.cls == "payroll" else r.sub.active', ["user:ann", "user:zoe"]),
    ],
)
def test_matchers_over_attributes(text: str, allowed: list[str]) -> None:
    found = judge([("user:x", "payroll", "select", "allow")], OFFICE, matcher(text))
    assert who(found, OFFICE, "payroll") == allowed
    assert found.slow_because == ""


def test_rules_in_policy_lines() -> None:
    model = matcher("eval(p.rule) && g(r.sub, p.sub)").replace("act, eft", "act, eft, rule")
    lines = [
        ("group:staff", "*", "*", "allow", 'r.sub.active && r.cls == "payroll"'),
        ("everyone", "*", "*", "allow", 'r.sub.kind == "service" && r.act == "insert"'),
    ]
    found = judge(lines, OFFICE, model)
    assert who(found, OFFICE, "payroll") == ["user:ann", "user:bob"]
    assert who(found, OFFICE, "health", "insert") == ["user:etl"]


def test_the_slow_path_says_why_and_answers_the_same() -> None:
    """The function fails on a class, behind a term that guards it."""
    model = matcher('g(r.sub, p.sub) && r.cls != "health" && r.cls.index("a") == 1')
    people = policies(model, [("group:hr", "*", "*", "allow")], {}, ("payroll", "oil", "health"))
    found = compile_judge(people, OFFICE)
    assert found.slow_because.startswith("policies/model.conf:10: `r.cls.index('a') == 1` fails")
    assert who(found, OFFICE, "payroll") == ["user:ann", "user:zoe"]
    assert who(found, OFFICE, "health") == []
    assert len(found.lines_considered("payroll", "select")) == 1
    line = found.deciding_line("user:ann", "payroll", "select")
    assert line is not None
    assert line.line == 1
    with pytest.raises(PolicyError, match=r"Casbin cannot decide \(user:\S+, oil, select\): subst"):
        found.permitted("oil", "select")


def test_a_question_about_a_group_or_role() -> None:
    lines = [("group:staff", "payroll", "select", "allow"), ("group:hr", "payroll", "*", "deny")]
    found = judge(lines, OFFICE)
    for name, number in (("group:hr", 2), ("group:staff", 1), ("role:reader", None)):
        line = found.deciding_line(name, "payroll", "select")
        assert (None if line is None else line.line) == number


def test_one_subject_without_a_population() -> None:
    lines = [("group:staff", "payroll", "select", "allow"), ("group:audit", "health", "*", "allow")]
    some = policies(MODEL, lines, {"g": (("group:staff", "group:audit"),)}, CLASSES)
    allowed, deciding = enforce_one(some, OFFICE.edges, "user:ann", ["payroll", "health"], "select")
    assert allowed
    assert [line.line for line in deciding] == [1, 2]
    allowed, deciding = enforce_one(some, OFFICE.edges, "user:ann", ["payroll", "health"], "insert")
    assert not allowed
    assert deciding == ()
    assert not enforce_one(some, OFFICE.edges, "user:new", [], "select")[0]
    active = policies(matcher("r.sub.active && g(r.sub, p.sub)"), lines, {}, CLASSES)
    assert enforce_one(active, OFFICE.edges, "user:ann", ["payroll"], "select", active=True)[0]
    assert not enforce_one(active, OFFICE.edges, "user:ann", ["payroll"], "select")[0]


def test_subject_priority_needs_everybody() -> None:
    some = policies(SUBJECT_PRIORITY, [("everyone", "*", "*", "allow")], {}, CLASSES)
    assert needs_population(some)
    with pytest.raises(PolicyError, match="subjectPriority orders lines by the whole directory"):
        enforce_one(some, {}, "user:ann", ["payroll"], "select")


def test_nobody_is_taken_for_somebody_the_policies_name() -> None:
    lines = [("user:~anyone", "payroll", "select", "allow"), ("user:~anyone~", "*", "*", "deny")]
    assert who(judge(lines, OFFICE), OFFICE, "payroll") == []
