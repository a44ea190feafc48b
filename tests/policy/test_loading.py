"""What the loader reads, and what it refuses in which words."""

from pathlib import Path

import pytest

from app.core.errors import PolicyError
from app.policy.loading import load_policies
from app.policy.patterns import matching
from tests.policy import folders
from tests.policy.folders import CLASSES, MODEL, POLICY, SEVERITY, load


def refusal(folder: Path, **files: str | bytes) -> str:
    """The message with which a folder is refused."""
    with pytest.raises(PolicyError) as refused:
        load(folder, **files)
    return str(refused.value)


def with_matcher(matcher: str, fields: str = "sub, cls, act, eft") -> str:
    model = MODEL.replace("p = sub, cls, act, eft", f"p = {fields}")
    return model[: model.index("m = ")] + f"m = {matcher}\n"


def test_a_good_folder(tmp_path: Path) -> None:
    policies = load(tmp_path, policy_csv=POLICY + "g, user:ann, group:hr\n")
    assert [str(line) for line in policies.lines] == [
        "policies/policy.csv:1: p, group:hr, payroll, select, allow"
    ]
    assert policies.hand_groupings == {"g": (("user:ann", "group:hr"),)}
    payroll, health = policies.classification.classes
    assert (payroll.name, payroll.tier, payroll.max_people, payroll.line) == (
        "payroll",
        "restricted",
        5,
        2,
    )
    assert policies.classification.rules[0].line == 6
    assert policies.severity.severity("restricted", "few", "select") == "SEV0"
    assert policies.severity.many_people == 100
    assert policies.waivers == ()
    assert health.notify == ()


def test_the_digest_is_of_what_decides(tmp_path: Path) -> None:
    digest = load(tmp_path / "a").digest
    assert load(tmp_path / "b", waivers_yaml="waivers: []\n").digest == digest
    assert load(tmp_path / "c", policy_csv=POLICY + "\n").digest != digest


def test_csv_is_read_as_csv(tmp_path: Path) -> None:
    text = (
        "\ufeff# a comment, with commas\r\n"
        "\r\n"
        '  p ,  "group:sales, emea" ,payroll, select , allow \r\n'
        '   # another\r\np, "group: odd ""one"" ", *, "select", deny\r\n'
        'p, "user:x", payroll, select, allow'
    )
    policies = load(tmp_path, policy_csv=text.encode())
    assert [line.values for line in policies.lines] == [
        ("group:sales, emea", "payroll", "select", "allow"),
        ('group: odd "one" ', "*", "select", "deny"),
        ("user:x", "payroll", "select", "allow"),
    ]
    assert [line.line for line in policies.lines] == [3, 5, 6]


AUDIENCE = "An audience is user:NAME, group:NAME, role:NAME or everyone"
SHAPE = "The model's policy is `p, sub, cls, act, eft`"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "policies/policy.csv: there are zero policies: nothing could be judged. Add a line"),
        ("# only this\n\n", "policies/policy.csv: there are zero policies"),
        ("g, user:a, group:b\n", "policies/policy.csv: there are zero policies"),
        (
            POLICY + "p, hr, payroll, select, allow\n",
            f"policies/policy.csv:2: `hr` is no audience. {AUDIENCE}",
        ),
        (
            "p, Group:hr, payroll, select, allow",
            "policies/policy.csv:1: `Group:hr` is no audience. Write `group:hr`",
        ),
        (
            "p, grupo:hr, payroll, select, allow",
            f"policies/policy.csv:1: `grupo:hr` is no audience. Did you mean group? {AUDIENCE}",
        ),
        (
            "p, user:, payroll, select, allow",
            f"policies/policy.csv:1: `user:` is no audience. {AUDIENCE}",
        ),
        (
            "p, *, payroll, select, allow",
            "policies/policy.csv:1: `*` is no audience. Write `everyone`",
        ),
        (
            "p, group:hr, payrol, select, allow",
            "policies/policy.csv:1: `payrol` is no data class of classes.yaml. "
            "Did you mean payroll? Known: payroll, health, unclassified",
        ),
        (
            "p, group:hr, employee-*, select, allow",
            "policies/policy.csv:1: `employee-*` is no data class of classes.yaml. "
            "Known: payroll, health, unclassified",
        ),
        (
            "p, group:hr, payroll, read, allow",
            "policies/policy.csv:1: `read` is no right of Lakewarden. Known: select, insert,",
        ),
        (
            "p, group:hr, payroll, selct, allow",
            "policies/policy.csv:1: `selct` is no right of Lakewarden. Did you mean select? Known:",
        ),
        (
            "p, group:hr, payroll, select",
            f"policies/policy.csv:1: the line has 3 values after `p`, not 4. {SHAPE}",
        ),
        (
            "p, group:hr, payroll, select, allow, always",
            f"policies/policy.csv:1: the line has 5 values after `p`, not 4. {SHAPE}",
        ),
        (
            "p, group:hr, payroll, (select, insert), allow",
            f'after `p`, not 4. {SHAPE}; put a value that holds a comma in "quotes"',
        ),
        ("p, group:hr, , select, allow", f"1: value 2 after `p` is empty. {SHAPE}"),
        (
            "p, group:hr, payroll, select, allow # because",
            "policies/policy.csv:1: the effect is `allow # because`. "
            "Write allow or deny; a comment stands on a line of its own",
        ),
        (
            "p, group:hr, payroll, select, Allow",
            "policies/policy.csv:1: the effect is `Allow`. Did you mean allow? Write allow or deny",
        ),
        (
            'p, "group:hr, payroll, select, allow',
            "policies/policy.csv:1: this is not CSV from column 3 on",
        ),
        (
            'p, "group:hr"x, payroll, select, allow',
            "policies/policy.csv:1: this is not CSV from column 3 on",
        ),
        ("p2, group:hr, payroll, select, allow", "Lakewarden asks with `p` only"),
        ("group:hr, payroll, select, allow", "`group:hr` begins no line of a policy."),
        (
            POLICY + "g2, payroll, pay",
            "2: `g2` begins no line of a policy. policies/model.conf has",
        ),
        (POLICY + "g, ann, group:hr", f"policies/policy.csv:2: `ann` is no audience. {AUDIENCE}"),
        (
            POLICY + "g, user:ann",
            "2: the line has 1 values after `g`, not 2. Write `g, child, parent`",
        ),
        (
            "p, group:\u202ehr\x07, x\u2028y, select, allow",
            "policies/policy.csv:1: `x\\u2028y` is no data class",
        ),
    ],
)
def test_policy_csv_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path, policy_csv=text)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    message = refusal(tmp_path, policy_csv=POLICY.encode() + b"p, group:\xff\xfe, payroll\n")
    assert message == "policies/policy.csv:2: this line is not UTF-8. Save the file as UTF-8"


def test_a_missing_file(tmp_path: Path) -> None:
    root = folders.write(tmp_path, {})
    (root / "severity.yaml").unlink()
    with pytest.raises(
        PolicyError, match=r"^policies/severity\.yaml: the file cannot be read: No s"
    ):
        load_policies(root)
    with pytest.raises(PolicyError, match=r"nowhere/model\.conf: the file cannot be read"):
        load_policies(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("", "policies/model.conf: the model has no [request_definition] with `r = …`"),
        (MODEL[: MODEL.index("[matchers]")], "policies/model.conf: the model has no [matchers]"),
        (MODEL.replace("[matchers]", "[matcher]"), "model.conf:9: no section is called [matcher]"),
        (MODEL.replace("r = sub, cls, act", "r = sub, act"), "model.conf:2: a request of 2 fields"),
        (MODEL + "m = r.sub == p.sub\n", "model.conf:11: `m` is defined twice, first on line 10"),
        (MODEL + "m2 = r.sub == p.sub\n", "model.conf:11: `m2` is never asked about"),
        (MODEL.replace("g = _, _", "g = _, _, _"), "model.conf:6: `g` must take two names"),
        (MODEL.replace("g = _, _", "g = _, _, (_, _)"), "model.conf:6: `g` has conditions"),
        (MODEL.replace("&& !some", "and not some"), "model.conf:8: Casbin has no effect"),
        (with_matcher("g(r.sub, p.sub) &&"), "model.conf:10: Casbin cannot read the matcher"),
        (
            with_matcher("g(r.sub, p.who)"),
            "model.conf:10: the matcher reads `p.who`, which nothing",
        ),
        (with_matcher("keyMatsh(r.cls, p.cls)"), "`keyMatsh`. Did you mean keyMatch? Functions: g"),
        (with_matcher("r.sub.age == 3"), "`r.sub.age` does not exist. A subject has: kind, active"),
        (with_matcher("r.cls.tier == 3"), "`r.cls.tier` does not exist. A class and a right are"),
        (with_matcher("(lambda: 1)()"), "Casbin cannot evaluate"),
        (with_matcher("r.sub = p.sub"), "Casbin cannot read the matcher: it is not one expression"),
        (with_matcher("eval(p.rule)"), "`eval` names no field of a policy line"),
        (with_matcher("(" * 300 + "r.sub == p.sub" + ")" * 300), "model.conf:10: "),
        (with_matcher("!" * 5000 + "(r.sub == p.sub)"), "model.conf:10: "),
        (
            with_matcher("ipMatch(r.sub, p.sub) && r.cls == p.cls && r.act == p.act"),
            "policies/policy.csv:1: Casbin fails on this line: ",
        ),
        (with_matcher("r.sub.kind"), "policy.csv:1: the matcher is neither true nor false"),
        ("\0" + MODEL, "model.conf"),
    ],
)
def test_model_conf_is_refused(tmp_path: Path, model: str, message: str) -> None:
    assert message in refusal(tmp_path, model_conf=model)


def test_the_matcher_says_what_a_value_means(tmp_path: Path) -> None:
    """Under `==` a star names no class; under regexMatch a broken regex is refused."""
    equal = with_matcher("g(r.sub, p.sub) && r.cls == p.cls && r.act == p.act")
    star = "p, group:hr, *, select, allow"
    assert "`*` is no data class" in refusal(tmp_path, model_conf=equal, policy_csv=star)
    or_star = with_matcher('g(r.sub, p.sub) && (r.cls == p.cls || p.cls == "*")')
    assert load(tmp_path, model_conf=or_star, policy_csv=star).lines
    regex = with_matcher("g(r.sub, p.sub) && regexMatch(r.cls, p.cls)")
    good = "p, group:hr, ^pay.*$, select, allow"
    assert load(tmp_path, model_conf=regex, policy_csv=good).lines
    broken = "p, group:hr, pay(, select, allow"
    assert "policy.csv:1: Casbin fails on this line: " in refusal(
        tmp_path, model_conf=regex, policy_csv=broken
    )


def test_groupings_of_classes_and_rights(tmp_path: Path) -> None:
    model = with_matcher("g(r.sub, p.sub) && g2(r.cls, p.cls) && g3(r.act, p.act)").replace(
        "g = _, _", "g = _, _\ng2 = _, _\ng3 = _, _"
    )
    lines = "p, group:hr, people, read, allow\ng2, payroll, pay\ng2, pay, people\n"
    policies = load(tmp_path, model_conf=model, policy_csv=lines + "g3, select, read\n")
    assert policies.hand_groupings["g2"] == (("payroll", "pay"), ("pay", "people"))
    assert "policy.csv:4: `selekt` is no right of Lakewarden. Did you mean select?" in refusal(
        tmp_path, model_conf=model, policy_csv=lines + "g3, selekt, read\n"
    )


def test_priorities_are_numbers(tmp_path: Path) -> None:
    model = MODEL.replace("p = sub", "p = priority, sub").replace(
        "e = some(where (p.eft == allow)) && !some(where (p.eft == deny))",
        "e = priority(p.eft) || deny",
    )
    good = "p, 10, group:hr, payroll, select, allow\n"
    assert load(tmp_path, model_conf=model, policy_csv=good).lines[0].values[0] == "10"
    for broken in ("high", "-1", "1.5", "²"):
        assert f"policy.csv:1: the priority is `{broken}`" in refusal(
            tmp_path, model_conf=model, policy_csv=good.replace("10", broken)
        )


def rule(text: str) -> str:
    return CLASSES.replace("pay-db: {databases: [hr_*]}", f"pay-db: {text}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "policies/classes.yaml: classes.yaml has no classes. Add `classes:` to it"),
        ("classes: {}\n", "policies/classes.yaml:1: there are no classes"),
        ("- a\n", "policies/classes.yaml:1: classes.yaml must be a mapping"),
        ("classes: [\n", "classes.yaml:2: this is not YAML"),
        (CLASSES + "clases: {}\n", "11: classes.yaml has no key `clases`. Did you mean classes?"),
        (
            CLASSES.replace("tier: restricted", "teir: x"),
            "3: the class `payroll` has no key `teir`",
        ),
        (
            CLASSES.replace("tier: restricted", "tier: secret"),
            "classes.yaml:3: `secret` is no tier. Tiers: restricted, confidential, internal,",
        ),
        (CLASSES.replace("    tier: restricted\n", ""), "2: the class `payroll` has no tier"),
        (CLASSES.replace("health:", "payroll:"), "7: the key `payroll` stands here a second time"),
        (CLASSES.replace("payroll:", "unclassified:"), "2: `unclassified` is what no rule matches"),
        (CLASSES.replace("health-column", "pay-db"), "10: the rule `pay-db` stands here a second"),
        (
            CLASSES.replace("max_people: 5", "max_people: few"),
            "4: max_people is `few`. Write a whole",
        ),
        (CLASSES.replace("notify:", "tell:"), "4: a contract has no key `tell`"),
        (rule("{}"), "6: the rule `pay-db` asks about nothing"),
        (
            rule("{database: [x]}"),
            "6: the rule `pay-db` has no key `database`. Did you mean databases",
        ),
        (rule("{except_tables: [x]}"), "6: the rule `pay-db` asks about nothing"),
        (rule("{databases: []}"), "6: databases is empty"),
        (rule("{databases: ['']}"), "6: a pattern of databases is empty"),
        (rule("{databases: {a: b}}"), "6: databases must be a list"),
        (rule("{databases: ['hr_[ab']}"), "6: `hr_[ab` opens a `[` that nothing closes"),
        (rule("{databases: ['hr_[z-a]']}"), "6: `hr_[z-a]` is not a pattern RE2 can read"),
        (rule("{databases: ['re:hr_(']}"), "6: `re:hr_(` is not a pattern RE2 can read"),
        (rule("{databases: ['re:a)|(b']}"), "6: `re:a)|(b` is not a pattern RE2 can read"),
        (rule("{databases: ['re:(?=x)']}"), "6: `re:(?=x)` is not a pattern RE2 can read"),
        (rule("{databases: ['re: ']}"), "6: a pattern of databases is an empty regex"),
        (rule("{properties: {a: []}}"), "6: the property `a` has no value"),
        (rule("&x {databases: [y]}"), "6: anchors and aliases are not read here"),
        (rule("!!python/object:os.system {}"), "6: the tag `tag:yaml.org,2002:python/object:os.s"),
        (CLASSES + "---\nclasses: {}\n", "11: a second document begins here"),
        ("classes: " + "[" * 100_000, "classes.yaml:1: this is nested too deep"),
        ("classes: " + "{a: " * 100_000, "classes.yaml:1: this is nested too deep"),
        ("classes:\n  a\x01b: {tier: public}\n", "this is not YAML"),
        ("classes:\n  ? [a]\n  : b\n", "classes.yaml:2: a key must be one word"),
        ("classes:\n  'a, b': {tier: public}\n", "2: `a, b` is no name of a class"),
    ],
)
def test_classes_yaml_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path, classes_yaml=text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("many_people: 3\n", "policies/severity.yaml:1: severity.yaml has no severities"),
        (SEVERITY.replace("public: none", ""), "severity.yaml:1: `severities` has no public"),
        (SEVERITY.replace("internal:", "secret:"), "6: `severities` has no key `secret`"),
        (SEVERITY.replace("SEV0", "SEV9"), "3: `SEV9` is no severity. Severities: SEV0, SEV1"),
        (SEVERITY.replace("{select: SEV0}", "{read: SEV0}"), "3: `read` is no right"),
        (
            SEVERITY.replace("everyone: {select: SEV1}", "few: {select: SEV1}"),
            "says nothing of ever",
        ),
        (
            SEVERITY.replace("everyone", "everybody"),
            "3: the tier restricted has no key `everybody`",
        ),
        (
            SEVERITY.replace("internal: none", "internal:"),
            "6: the tier internal says nothing of every",
        ),
        (
            SEVERITY.replace("{select: SEV1}", "{select: SEV1, insert: SEV2}"),
            "policies/severity.yaml:2: the tier restricted says nothing of insert at everyone. "
            "Another line judges insert: give it a severity, or `insert: none`",
        ),
        (
            SEVERITY.replace("{select: SEV0}", "none").replace("{select: SEV1}", "none"),
            "severity.yaml:1: no right is judged: nothing could ever be an exposure",
        ),
        ("many_people: 0\n" + SEVERITY, "1: many_people is `0`. Write a whole number from 1 on"),
    ],
)
def test_severity_yaml_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path, severity_yaml=text)


def test_severities_are_inherited_from_the_wider_reach(tmp_path: Path) -> None:
    text = SEVERITY.replace(
        "{select: SEV0}",
        "{select: SEV0, insert: sev1}\n    over-contract: {select: SEV1}\n    few: none",
    ).replace("{select: SEV1}\n  internal", "{select: SEV1, insert: none}\n  internal")
    severity = load(tmp_path, severity_yaml=text).severity.severity
    assert severity("restricted", "over-contract", "insert") == "SEV1"
    assert severity("restricted", "many", "select") == "SEV1"
    assert severity("restricted", "few", "select") is None
    assert severity("confidential", "few", "select") == "SEV1"
    assert severity("confidential", "everyone", "insert") is None


WAIVER = """\
waivers:
  - id: w1
    reason: migration
    approver: ciso@example.com
    expires: 2026-09-30
    scope: {database: hr, right: select}
    max_tables: 3
"""


def test_waivers(tmp_path: Path) -> None:
    (waiver,) = load(tmp_path, waivers_yaml=WAIVER).waivers
    assert (waiver.waiver, waiver.expires, waiver.max_tables) == ("w1", "2026-09-30", 3)
    assert waiver.scope == {"database": "hr", "right": "select"}
    assert (waiver.file, waiver.line) == ("policies/waivers.yaml", 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WAIVER.replace("2026-09-30", "30.9.2026"), "5: expires is `30.9.2026`. Write a date as"),
        (WAIVER.replace("2026-09-30", "2026-02-30"), "5: expires is `2026-02-30`"),
        (WAIVER.replace("    expires: 2026-09-30\n", ""), "2: the waiver `w1` has no expires"),
        (WAIVER.replace("reason: migration", "reason:"), "3: the reason is empty"),
        (
            WAIVER.replace("{database: hr, right: select}", "{}"),
            "6: the scope of the waiver `w1` is",
        ),
        (WAIVER.replace("database: hr", "schema: hr"), "6: a scope has no key `schema`"),
        (WAIVER + WAIVER[WAIVER.index("  - id") :], "8: the waiver `w1` stands here a second time"),
        (WAIVER.replace("max_tables: 3", "max_tables: -3"), "7: max_tables is `-3`"),
        ("waivers: {a: b}\n", "1: `waivers` must be a list"),
    ],
)
def test_waivers_yaml_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path, waivers_yaml=text)


@pytest.mark.parametrize(
    ("written", "matched", "unmatched"),
    [
        ("hr_*", ["hr_", "HR_Pay", "hr_a\nb"], ["hr", "xhr_a"]),
        ("a?c", ["abc", "a.c"], ["ac", "abbc"]),
        ("t[0-9]", ["t1"], ["ta", "t10"]),
        ("t[!0-9]", ["ta"], ["t1"]),
        ("t[[]x]", ["t[x]"], ["tx"]),
        ("PAY.roll", ["pay.roll"], ["payxroll"]),
        ("a+b|c$", ["a+b|c$"], ["aab", "c"]),
        ("*ü*", ["grün", "GRÜN"], ["grun"]),
        ("re:pay|salar(y|ies)", ["pay", "Salaries"], ["payroll", "xpay"]),
        ("re:PAY.*", ["payroll"], ["xpay"]),
    ],
)
def test_patterns_match_whole_names(
    tmp_path: Path, written: str, matched: list[str], unmatched: list[str]
) -> None:
    loaded = load(tmp_path, classes_yaml=rule("{databases: ['" + written + "']}"))
    (pattern,) = loaded.classification.rules[0].databases
    assert pattern.written == written
    assert matching(pattern, [*matched, *unmatched]) == matched
