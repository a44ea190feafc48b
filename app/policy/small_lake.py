"""The small lake of a policy test: a few people, groups and roles."""

from dataclasses import dataclass, field, replace

from pyroaring import FrozenBitMap

from app.core.population import Population
from app.policy.marked_yaml import Mapping, Node, Word, as_mapping, as_words
from app.policy.memberships import Memberships
from app.policy.places import nearest, quoted
from app.policy.subjects import EVERYONE, Subjects

USERS = ("people", "services", "leavers")
KEYS = (*USERS, "groups", "opaque_groups", "roles")


@dataclass
class _Names:
    """What the lake has, by kind, and who belongs to what."""

    people: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    leavers: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    opaque_groups: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    edges: dict[str, list[str]] = field(default_factory=dict)

    @property
    def users(self) -> list[str]:
        return [*self.people, *self.services, *self.leavers]


def read_lake(given: Mapping) -> Population:
    """The population that a test file describes. Raises PolicyError."""
    names = _Names()
    for key in (*USERS, "opaque_groups"):
        node = given.get(key)
        if node is not None:
            getattr(names, key).extend(
                word.words(f"a name of {key}") for word in as_words(node, key)
            )
    _refuse_repeated_users(given, names)
    members = {key: _listed(given.get(key), key) for key in ("groups", "roles")}
    names.groups += members["groups"]
    names.roles += members["roles"]
    for kind, key in (("group", "groups"), ("role", "roles")):
        for name, words in members[key].items():
            for word in words:
                names.edges.setdefault(_member(word, names, kind), []).append(f"{kind}:{name}")
    return _population(names)


def _listed(node: Node | None, key: str) -> dict[str, tuple[Word, ...]]:
    if node is None:
        return {}
    entries = as_mapping(node, f"`{key}`").items()
    return {name: as_words(members, f"the members of {name}") for name, _, members in entries}


def _refuse_repeated_users(given: Mapping, names: _Names) -> None:
    for name in set(names.users):
        if names.users.count(name) > 1:
            raise given.place.error(
                f"{quoted(name)} is listed twice", "List each user once, under one of the kinds"
            )


def _member(word: Word, names: _Names, kind: str) -> str:
    """A member as a subject: a bare name is a user."""
    text = word.words("a member")
    groups = [f"group:{name}" for name in (*names.groups, *names.opaque_groups)]
    roles = [f"role:{name}" for name in names.roles] if kind == "role" else []
    if text in (*groups, *roles) or (text == EVERYONE and kind == "role"):
        return text
    user = text.removeprefix("user:")
    if user in names.users:
        return f"user:{user}"
    raise word.place.error(
        f"{quoted(text)} is nobody of this lake",
        f"{nearest(text, [*names.users, *groups, *roles])}"
        "List users under people, services or leavers; write group:NAME for a group",
    )


def _population(names: _Names) -> Population:
    users = tuple(sorted(names.users))
    bit = {user: number for number, user in enumerate(users, start=1)}
    none = FrozenBitMap()
    services = FrozenBitMap(bit[name] for name in names.services)
    bare = Population(
        users=users,
        opaque=tuple(sorted(set(names.opaque_groups))),
        active_people=FrozenBitMap(bit[name] for name in names.people),
        services=services,
        active_services=services,
        inactive=FrozenBitMap(bit[name] for name in names.leavers),
        unknown=none,
        directory_known=True,
        groups={},
        roles={},
        edges={child: tuple(sorted(set(above))) for child, above in sorted(names.edges.items())},
    )
    memberships = Memberships(Subjects(bare, lambda text: False), ())
    groups = sorted({*names.groups, *names.opaque_groups})
    return replace(
        bare,
        groups={name: memberships.members_of(f"group:{name}") for name in groups},
        roles={name: memberships.members_of(f"role:{name}") for name in sorted(names.roles)},
    )
