"""What policy says of one subject: few requests to pycasbin itself, many compiled."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.lake_view import LakeView
    from app.core.memberships import Memberships
    from app.core.verdicts import Policies, PolicyLine


#: From so many different requests on, one compiled judge beats an Enforcer for each.
_MANY_REQUESTS = 20


class Decider:
    """Asks policy about one subject: with pycasbin itself while the requests are few."""

    def __init__(self, policies: "Policies") -> None:
        self._policies = policies
        self._known: dict[
            tuple[str, tuple[str, ...], str], tuple[bool, tuple[PolicyLine, ...]]
        ] = {}

    def __call__(
        self, view: "LakeView", user: str, classes: tuple[str, ...], right: str
    ) -> tuple[bool, tuple["PolicyLine", ...]]:
        key = (user, classes, right)
        if key not in self._known:
            if len(self._known) >= _MANY_REQUESTS:
                self._known[key] = self._compiled(view, user, classes, right)
            else:
                self._known[key] = self._enforced(view, user, classes, right)
        return self._known[key]

    def _enforced(
        self, view: "LakeView", user: str, classes: tuple[str, ...], right: str
    ) -> tuple[bool, tuple["PolicyLine", ...]]:
        from app.policy.enforcing import enforce_one, needs_population

        if needs_population(self._policies):
            return self._compiled(view, user, classes, right)
        kind, active = directory_entry(view, user)
        return enforce_one(
            self._policies,
            SubjectEdges(view.memberships),
            f"user:{user}",
            classes,
            right,
            kind=kind,
            active=active,
        )

    def _compiled(
        self, view: "LakeView", user: str, classes: tuple[str, ...], right: str
    ) -> tuple[bool, tuple["PolicyLine", ...]]:
        answers = [view.judge.decide(user, name, right) for name in classes]
        deciding = (line for _, line in answers if line is not None)
        return all(allowed for allowed, _ in answers), tuple(dict.fromkeys(deciding))


def directory_entry(view: "LakeView", user: str) -> tuple[str, bool]:
    """The kind of a user and whether he is active; unknown where the directory has no entry."""
    rows = view.lookup.rows("users")
    row = rows.first(("name",), (user,))
    if row < rows.count and rows.value("name", row) == user:
        return rows.value("kind", row), rows.value("active", row)
    return "unknown", False


class SubjectEdges(Mapping[str, tuple[str, ...]]):
    """Parents of policy subjects, looked up in a snapshot as they are asked for."""

    def __init__(self, memberships: "Memberships") -> None:
        self._memberships = memberships

    def __getitem__(self, subject: str) -> tuple[str, ...]:
        if subject == "everyone":
            return ("role:public",)
        kind, _, name = subject.partition(":")
        parents = [
            f"{edge.of[0].lower()}:{edge.of[1]}"
            for edge in self._memberships.parents((kind.upper(), name))
            if edge.source != "everyone"
        ]
        if not parents:
            raise KeyError(subject)
        return tuple(sorted(parents))

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
