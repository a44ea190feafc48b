"""Random models, policies and populations, for hypothesis."""

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

from app.core.population import Population
from app.core.verdicts import Policies, PolicyLine
from tests.policy.worlds import policies, population

CLASSES = ("payroll", "health", "employee-keys", "employee-chat")
RIGHTS = ("select", "insert", "delete")
EFFECTS = (
    "some(where (p.eft == allow))",
    "!some(where (p.eft == deny))",
    "some(where (p.eft == allow)) && !some(where (p.eft == deny))",
    "priority(p.eft) || deny",
    "subjectPriority(p.eft) || deny",
)
USERS = ("ann", "bob", "carl", "dora")
GROUPS = tuple(f"g{number}" for number in range(14))
ROLES = ("r0", "r1", "r2")
NODES = (*(f"group:{group}" for group in GROUPS), *(f"role:{role}" for role in ROLES))

ABOUT_SUBJECT = (
    "g(r.sub, p.sub)",
    "g(r.sub, p.sub)",
    "g(r.sub, p.sub)",
    "r.sub == p.sub",
    "p.sub != r.sub",
    'r.sub in ("user:ann", "user:carl", p.sub)',
    'r.sub.kind == "person"',
    "r.sub.active",
    "(r.sub.active == False)",
    'r.sub.name == "bob"',
    'r.sub.kind in ["service", "unknown"]',
    "keyMatch(r.sub, p.sub)",
    'regexMatch(r.sub, "^user:[ab]")',
    'g(r.sub, "group:g1")',
    'g(r.sub, "role:r1")',
    'g(r.sub, "everyone")',
    "(g(r.sub, p.sub) == True)",
    'g(r.sub.lower(), "group:g2")',
)
ABOUT_WORDS = (
    "r.cls == p.cls",
    "r.cls != p.cls",
    "keyMatch(r.cls, p.cls)",
    "keyMatch2(r.cls, p.cls)",
    "keyMatch3(r.cls, p.cls)",
    "globMatch(r.cls, p.cls)",
    "regexMatch(r.cls, p.cls)",
    "g2(r.cls, p.cls)",
    "r.act == p.act",
    "keyMatch(r.act, p.act)",
    "globMatch(r.act, p.act)",
    "g3(r.act, p.act)",
    'r.act in ("select", "insert")',
    'r.act != "delete"',
    'r.cls.startswith("employee")',
    'p.sub == "everyone"',
    'p.act == "*"',
    "p.cls in (r.cls, r.act)",
    "(r.act == r.cls)",
)
MIXED = (
    "(r.sub.name == r.act)",
    "(g(r.sub, p.sub) == (r.act == p.act))",
    'g(r.sub, "group:" + r.cls)',
    '(r.sub == "user:" + r.act)',
)
FAILING = (
    'ipMatch(r.sub, "10.0.0.0/8")',
    "(r.cls < 3)",
    "(r.act + 1 == p.act)",
    "r.sub.kind",
    "regexMatch(r.sub, p.cls)",
)


@dataclass(frozen=True)
class Case:
    """One world to judge."""

    policies: Policies
    population: Population
    splits: bool  # no atom can fail
    effect: str
    position: int | None  # of the effect in a line

    def effect_of(self, row: PolicyLine | list[str]) -> str:
        """allow or deny, as a line says or by default."""
        values = row.values if isinstance(row, PolicyLine) else row
        return "allow" if self.position is None else values[self.position]

    @property
    def overrides(self) -> bool:
        """Whether lines of one effect cannot decide alone."""
        return self.effect in EFFECTS[:2]


def _matchers(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda two: f"({two[0]} && {two[1]})"),
            st.tuples(inner, inner).map(lambda two: f"({two[0]} || {two[1]})"),
            inner.map(lambda one: f"!{one}" if one[0] == "(" else f"!({one})"),
            st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        ),
        max_leaves=6,
    )


def _usual(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The shape people write: subject && class && right, with one more term."""
    return st.tuples(
        st.sampled_from(ABOUT_SUBJECT[:6]),
        st.sampled_from(ABOUT_WORDS[:8]),
        st.sampled_from(ABOUT_WORDS[8:13]),
        _matchers(leaves),
        st.sampled_from(("{0} && {1} && {2}", "{0} && {1} && {2} || {3}", "{0} && {3}")),
    ).map(lambda parts: parts[4].format(*parts))


@st.composite
def populations(draw: st.DrawFn) -> Population:
    """People, services, leavers and strangers in nested groups and roles, or cycles."""
    users = draw(st.lists(st.sampled_from(USERS), unique=True, max_size=4))
    kinds = {
        user: draw(st.sampled_from(("person", "service", "leaver", "stranger"))) for user in users
    }
    edges: dict[str, set[str]] = {}
    if draw(st.booleans()):  # a chain deeper than ten
        for below, above in pairwise(NODES[:14]):
            edges.setdefault(below, set()).add(above)
    children = st.sampled_from((*(f"user:{user}" for user in users), *NODES, "everyone"))
    parents = st.sampled_from((*NODES, "everyone"))
    for child, parent in draw(st.lists(st.tuples(children, parents), max_size=14)):
        edges.setdefault(child, set()).add(parent)
    return population(
        people=[user for user in users if kinds[user] in ("person", "leaver")],
        services=[user for user in users if kinds[user] == "service"],
        leavers=[user for user in users if kinds[user] == "leaver"],
        strangers=[user for user in users if kinds[user] == "stranger"],
        opaque=draw(st.lists(st.sampled_from(GROUPS), unique=True, max_size=3)),
        edges={child: tuple(sorted(above)) for child, above in sorted(edges.items())},
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A model, its lines and groupings, and a population."""
    can_fail = draw(st.integers(0, 5)) == 0
    leaves = st.sampled_from((*ABOUT_SUBJECT, *ABOUT_WORDS, *MIXED, *(FAILING if can_fail else ())))
    by_rule = draw(st.integers(0, 5)) == 0
    matcher = draw(st.one_of(_usual(leaves), _matchers(leaves)))
    if by_rule:
        matcher = f"eval(p.rule) && ({matcher})"
    fields = ["sub", "cls", "act"]
    if draw(st.integers(0, 3)) > 0:
        fields.append("eft")
    if draw(st.booleans()):
        fields.insert(draw(st.sampled_from((0, len(fields)))), "priority")
    if by_rule:
        fields.append("rule")
    effect = draw(st.sampled_from(EFFECTS))
    model = (
        f"[request_definition]\nr = sub, cls, act\n[policy_definition]\np = {', '.join(fields)}\n"
        "[role_definition]\ng = _, _\ng2 = _, _\ng3 = _, _\n"
        f"[policy_effect]\ne = {effect}\n[matchers]\nm = {matcher}\n"
    )
    audiences = (*(f"user:{user}" for user in USERS), *NODES, "everyone", "everyone", "user:*")
    values = {
        "sub": st.sampled_from(audiences),
        "cls": st.sampled_from((*CLASSES, "*", "employee-*", "^pay", "monitoring", "hr")),
        "act": st.sampled_from((*RIGHTS, "*", "write", "any")),
        "eft": st.sampled_from(("allow", "allow", "deny")),
        "priority": st.sampled_from(("1", "2", "10")),
        "rule": st.sampled_from(
            ('r.sub.kind == "person"', "r.cls == p.cls || r.act == p.act", "g(r.sub, p.sub)")
        ),
    }
    lines = draw(st.lists(st.tuples(*(values[field] for field in fields)), min_size=1, max_size=8))
    people = draw(populations())
    groupings = {
        "g": tuple(
            draw(
                st.lists(
                    st.tuples(
                        st.sampled_from(("user:ann", "user:zed", *NODES[:5], "everyone")),
                        st.sampled_from((*NODES[:6], "role:r2", "user:bob")),
                    ),
                    max_size=3,
                )
            )
        ),
        "g2": tuple(
            draw(
                st.lists(
                    st.tuples(
                        st.sampled_from((*CLASSES, "hr")), st.sampled_from(("monitoring", "hr"))
                    ),
                    max_size=4,
                )
            )
        ),
        "g3": tuple(
            draw(
                st.lists(
                    st.tuples(
                        st.sampled_from((*RIGHTS, "write")), st.sampled_from(("write", "any"))
                    ),
                    max_size=3,
                )
            )
        ),
    }
    star_fails = "keyMatch3" in matcher or "regexMatch(r.cls" in matcher
    return Case(
        policies(model, lines, groupings, CLASSES),
        people,
        splits=not (can_fail or star_fails),
        effect=effect,
        position=fields.index("eft") if "eft" in fields else None,
    )
