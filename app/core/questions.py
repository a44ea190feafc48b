"""Questions about one person or one object, answered with their evidence."""

from collections.abc import Iterable, Iterator, Sequence

from pyroaring import FrozenBitMap

from app.core.errors import BadNameError, NotFoundError
from app.core.frozen import frozen
from app.core.lake_view import ClassOnTable, LakeView, class_names
from app.core.lookup import Place
from app.core.memberships import MembershipEdge, path_in
from app.core.names import parse_right
from app.core.reach import Reach
from app.core.reasons import ALLOWED, DENIED, UNKNOWN, because, gives, grants_at
from app.core.rights.grant_rows import GrantRow
from app.core.verdicts import PolicyLine

YES, NO = "yes", "no"


@frozen
class Answer:
    """The engine's answer, the policy's, and why in one line."""

    user: str
    right: str
    object: str
    answer: str  # allowed | denied | unknown
    permitted: str  # yes | no, by policy over every class; empty when the object is unknown
    because: str


@frozen
class GrantPath:
    """One way to a right: memberships from the user up to the principal of a grant."""

    edges: tuple[MembershipEdge, ...]
    grant: GrantRow


@frozen
class Explanation:
    """Everything there is to say about one access."""

    answer: Answer
    paths: tuple[GrantPath, ...]  # every grant that gives it, each by a shortest way
    refusals: tuple[GrantPath, ...]  # rows that make the engine refuse the user
    inert: tuple[tuple[GrantPath, str], ...]  # rows that reach the user and do nothing, and why
    classes: tuple[ClassOnTable, ...]
    policy_lines: tuple[PolicyLine, ...]  # those that decided
    can_make_themselves: str  # how the user could give himself the right, or empty


@frozen
class Holder:
    """One who holds a right on an object."""

    bit: int
    subject: str  # user:NAME, group:NAME (of unknown size) or anyone
    kind: str  # person | service | unknown | group | anyone
    active: bool
    sure: bool
    permitted: bool
    via: tuple[str, ...]  # principals of the grants that give it


@frozen(slots=False)
class WhoCan:
    """A page of holders and the count of all of them."""

    object: str
    right: str
    people: int
    services: int
    inactive: int
    unknown: int
    opaque_groups: int
    everyone: bool
    classes: tuple[str, ...]
    holders: tuple[Holder, ...]
    next_bit: int | None  # where the next page starts, or None
    can_make_themselves: int  # how many more could give it to themselves
    self_service: str


def can(view: LakeView, user: str, right: str, object_text: str) -> Answer:
    """The engine's answer for that exact user name, and the policy's."""
    return can_all(view, [(user, right, object_text)])[0]


def can_all(view: LakeView, asked: Iterable[tuple[str, str, str]]) -> list[Answer]:
    """Answer many questions; objects and users that come again are read once."""
    questions = list(asked)
    reaches: dict[str, Reach] = {}
    places: dict[str, Place | str] = {}
    for _, _, object_text in questions:
        if object_text not in places:
            places[object_text] = _place_or_reason(view, object_text)
    tables = {place.table for place in places.values() if isinstance(place, Place)}
    classes = view.classes_of(tuple(sorted(table for table in tables if table is not None)))
    answers = []
    for user, right, object_text in questions:
        place = places[object_text]
        if isinstance(place, str):
            answers.append(Answer(user, right, object_text, UNKNOWN, "", place))
            continue
        if user not in reaches:
            reaches[user] = view.one_user(user)
        held = () if place.table is None else classes.get(place.table, ())
        answers.append(_answer(view, user, right, object_text, place, held, reaches[user]))
    return answers


def _place_or_reason(view: LakeView, object_text: str) -> Place | str:
    try:
        return view.place(object_text)
    except (BadNameError, NotFoundError) as problem:
        return str(problem)


def _answer(
    view: LakeView,
    user: str,
    right_text: str,
    object_text: str,
    place: Place,
    classes: tuple[ClassOnTable, ...],
    reach: Reach,
) -> Answer:
    right = parse_right(right_text)
    word = _word(view, right, place, reach)
    doubt = view.unread_grants if word == DENIED else ""
    of_object = tuple(
        each for each in classes if not place.column or each.column in ("", place.column)
    )
    allowed, _ = view.decide_one(user, class_names(of_object), right)
    reason = doubt or because(view, word, right, place, reach)
    word = UNKNOWN if doubt else word
    return Answer(user, right, object_text, word, YES if allowed else NO, reason)


def _word(view: LakeView, right: str, place: Place, reach: Reach) -> str:
    holders = view.holders(right, place, reach)
    if holders.sure:
        return ALLOWED
    return UNKNOWN if holders.possible else DENIED


def explain(view: LakeView, user: str, right_text: str, object_text: str) -> Explanation:
    """Every path to an access, the rows that refuse it or do nothing, classes and policy."""
    right, place = parse_right(right_text), view.place(object_text)
    reach = view.one_user(user)
    classes = view.classes_at(place)
    answer = _answer(view, user, right, object_text, place, classes, reach)
    _, lines = view.decide_one(user, class_names(classes), right)
    ways = view.memberships.closure(user)
    paths: list[GrantPath] = []
    refusals: list[GrantPath] = []
    inert: list[tuple[GrantPath, str]] = []
    for grant in grants_at(view, place):
        edges = path_in(ways, (grant.principal_type, grant.principal))
        if edges is None:
            continue
        way = GrantPath(edges, grant)
        meaning = view.mode.meaning(
            grant.level,
            grant.principal_type,
            grant.principal,
            grant.privilege,
            grant.grant_option,
            grant.authorizer,
        )
        if meaning.refuses and answer.answer == ALLOWED:
            inert.append((way, "Hive allows it before it looks at this row"))
        elif meaning.refuses:
            refusals.append(way)
        elif meaning.inert:
            inert.append((way, meaning.inert))
        elif right in meaning.gives:
            paths.append(way)
    themselves = ""
    if answer.answer != ALLOWED and view.mode.can_make_themselves(reach).possible:
        themselves = view.mode.self_service
    return Explanation(
        answer, tuple(paths), tuple(refusals), tuple(inert), classes, lines, themselves
    )


def who_can(
    view: LakeView, right_text: str, object_text: str, *, first_bit: int = 0, limit: int = 50
) -> WhoCan:
    """A page of those who hold a right on an object, in order of name."""
    right, place = parse_right(right_text), view.place(object_text)
    holders = view.holders(right, place)
    names = class_names(view.classes_at(place))
    permitted = view.permitted(names, right)
    population = view.reach.population
    count = population.head_count(holders.possible)
    page = list(_from(holders.possible, first_bit, limit + 1))
    via = _ways(_opening_sets(view, right, place), page[:limit])
    found = tuple(
        Holder(
            bit=bit,
            subject=population.subject(bit),
            kind=population.kind(bit),
            active=bit not in population.inactive,
            sure=bit in holders.sure,
            permitted=bit in permitted,
            via=tuple(via[bit]),
        )
        for bit in page[:limit]
    )
    themselves = view.mode.can_make_themselves(view.reach).possible - holders.possible
    return WhoCan(
        object=str(place.name),
        right=right,
        people=count.people,
        services=count.services,
        inactive=count.inactive,
        unknown=count.unknown,
        opaque_groups=count.opaque_groups,
        everyone=count.everyone,
        classes=names,
        holders=found,
        next_bit=page[limit] if len(page) > limit else None,
        can_make_themselves=len(themselves),
        self_service=view.mode.self_service,
    )


def _ways(
    openings: Iterable[tuple[str, FrozenBitMap]], page: Sequence[int]
) -> dict[int, dict[str, None]]:
    """Each bit of a page → the openings that it stands behind, in their order."""
    bits = FrozenBitMap(page)
    ways: dict[int, dict[str, None]] = {bit: {} for bit in page}
    for name, behind in openings:
        for bit in behind & bits:
            ways[bit][name] = None
    return ways


def _from(bits: FrozenBitMap, first: int, limit: int) -> Iterator[int]:
    for place, bit in enumerate(bits.iter_equal_or_larger(first)):
        if place >= limit:
            return
        yield bit


def _opening_sets(view: LakeView, right: str, place: Place) -> list[tuple[str, FrozenBitMap]]:
    found = []
    for grant in grants_at(view, place):
        if right in gives(view, grant):
            who = view.reach.principal(grant.principal_type, grant.principal).possible
            found.append((f"{grant.principal_type.lower()}:{grant.principal}", who))
    return found
