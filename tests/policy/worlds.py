"""Small populations and policies for the tests of the judge."""

from collections.abc import Iterable, Mapping

from pyroaring import FrozenBitMap

from app.core.classes import Classification, DataClass
from app.core.population import Population
from app.core.verdicts import Policies, PolicyLine, SeverityTable

NOBODY = FrozenBitMap()


def population(
    people: Iterable[str] = (),
    services: Iterable[str] = (),
    leavers: Iterable[str] = (),
    strangers: Iterable[str] = (),
    opaque: Iterable[str] = (),
    edges: Mapping[str, tuple[str, ...]] | None = None,
) -> Population:
    """A population; strangers are users whom the directory does not know."""
    people, services, leavers = set(people), set(services), set(leavers)
    users = tuple(sorted({*people, *services, *leavers, *strangers}))
    bit = {user: number for number, user in enumerate(users, start=1)}

    def bits(names: Iterable[str]) -> FrozenBitMap:
        return FrozenBitMap(bit[name] for name in names)

    return Population(
        users=users,
        opaque=tuple(sorted(opaque)),
        active_people=bits(people - leavers),
        services=bits(services),
        active_services=bits(services - leavers),
        inactive=bits(leavers),
        unknown=bits(strangers),
        directory_known=True,
        groups={},
        roles={},
        edges=edges or {},
    )


def policies(
    model_text: str,
    lines: Iterable[tuple[str, ...]],
    groupings: Mapping[str, tuple[tuple[str, ...], ...]] | None = None,
    classes: Iterable[str] = (),
) -> Policies:
    """Policies of a model and lines, with empty other files."""
    return Policies(
        folder="policies",
        digest="",
        model_text=model_text,
        lines=tuple(
            PolicyLine(values, "policies/policy.csv", number)
            for number, values in enumerate(lines, start=1)
        ),
        hand_groupings=groupings or {},
        classification=Classification(tuple(DataClass(name, "internal") for name in classes), ()),
        severity=SeverityTable({}, 100),
        waivers=(),
    )
