"""What opens each verdict: the principals whose grants do it, and the wrong people behind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap, FrozenBitMap

from app.core.assessment import Assessment
from app.core.exposures import OVER_HEAD_COUNT, Verdict
from app.core.lookup import Lookup
from app.core.memberships import Subject
from app.core.reach import PopulationReach
from app.core.rights.grant_rows import TableGrants
from app.core.rights.mode import AuthorizationMode


@dataclass
class Opener:
    """A principal whose grants open exposures.

    wrong: verdict → who gets what he should not through it. groups: group of tables → how
    many tables, for the groups of those verdicts.
    """

    subject: Subject
    wrong: dict[int, FrozenBitMap] = field(default_factory=dict)
    groups: dict[int, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its exact name."""
        return self.subject[1]

    @property
    def tables(self) -> int:
        """How many tables it opens."""
        return sum(self.groups.values())

    def everybody_wrong(self) -> FrozenBitMap:
        """Everybody who gets something wrong through it."""
        return FrozenBitMap.union(*self.wrong.values()) if self.wrong else FrozenBitMap()


class VerdictGrants:
    """The grants behind a verdict: those of the table that stands for its group."""

    def __init__(
        self,
        lookup: Lookup,
        mode: AuthorizationMode,
        reach: PopulationReach,
        assessment: Assessment,
        representatives: Sequence[int],
    ) -> None:
        """representatives: the table ordinal that stands for each group, by group."""
        self._lookup = lookup
        self._mode = mode
        self._reach = reach
        self._assessment = assessment
        self._representatives = representatives

    def table(self, verdict: int) -> TableGrants:
        """What decides the verdict's tables."""
        return self._lookup.table_grants(
            self._representatives[self._assessment.groups_of[verdict]],
            self._mode.inherited_levels,
            parts=self._mode.has_parts,
            evidence=False,
        )

    def group(self, verdict: int) -> int:
        """The group of tables of a verdict."""
        return self._assessment.groups_of[verdict]

    def holders(self, verdict: int) -> dict[Subject, FrozenBitMap]:
        """Every principal that has the verdict's right from some grant, with who is behind."""
        right = self._assessment.verdicts[verdict].right
        found: dict[Subject, FrozenBitMap] = {}
        for grant in self.table(verdict).grants:
            subject = (grant.principal_type, grant.principal)
            if subject in found:
                continue
            meaning = self._mode.meaning(
                grant.level,
                grant.principal_type,
                grant.principal,
                grant.privilege,
                grant.grant_option,
                grant.authorizer,
            )
            if right in meaning.gives:
                found[subject] = self._reach.principal(*subject).possible
        return found

    def allowed_only_through(self, verdict: int, subject: Subject) -> FrozenBitMap:
        """Who is allowed the verdict's access and has it from this principal alone."""
        decided = self._assessment.verdicts[verdict]
        behind = self._reach.principal(*subject).possible
        allowed = BitMap(behind - BitMap.deserialize(decided.violators))
        if not allowed:
            return FrozenBitMap()
        for other, bits in self.holders(verdict).items():
            if other != subject:
                allowed -= bits
        return FrozenBitMap(allowed)


def subject_of(opening: str) -> Subject:
    """`role:NAME` as (ROLE, NAME)."""
    kind, _, name = opening.partition(":")
    return kind.upper(), name


def openers_of(
    assessment: Assessment, reach: PopulationReach
) -> tuple[dict[Subject, Opener], list[int]]:
    """Every opener, and the verdicts by which nobody gets anything wrongly."""
    found: dict[Subject, Opener] = {}
    nobody_wrong = []
    for number, verdict in enumerate(assessment.verdicts):
        explained = False
        for subject, wrong in _wrong_behind(verdict, reach):
            opener = found.get(subject)
            if opener is None:
                opener = found[subject] = Opener(subject)
            before = opener.wrong.get(number)
            opener.wrong[number] = wrong if before is None else before | wrong
            group = assessment.groups_of[number]
            opener.groups[group] = assessment.tables_of[number]
            explained = True
        if not explained:
            nobody_wrong.append(number)
    return found, nobody_wrong


def over_contract(
    assessment: Assessment, reach: PopulationReach, grants: VerdictGrants
) -> dict[int, tuple[Subject, FrozenBitMap]]:
    """Verdict → the widest principal, where more are allowed than the contract bears."""
    found = {}
    for number, verdict in enumerate(assessment.verdicts):
        if OVER_HEAD_COUNT in verdict.kinds:
            widest = _widest_allowed(number, verdict, reach, grants)
            if widest is not None:
                found[number] = widest
    return found


def _wrong_behind(
    verdict: Verdict, reach: PopulationReach
) -> Iterator[tuple[Subject, FrozenBitMap]]:
    violators = FrozenBitMap.deserialize(verdict.violators)
    if not verdict.classes:
        yield from _that_make_everyone(verdict, violators, reach)
    elif violators:
        for opening in verdict.openings:
            subject = subject_of(opening)
            wrong = violators & reach.before_roles(*subject).possible
            if wrong:
                yield subject, wrong


def _that_make_everyone(
    verdict: Verdict, violators: FrozenBitMap, reach: PopulationReach
) -> Iterator[tuple[Subject, FrozenBitMap]]:
    """Without a class only being open to everyone is wrong: who has it beside is not.

    The principals that are everyone; where none is, the widest that add up to it.
    """
    widths = [
        (subject, reach.before_roles(*subject).possible & violators)
        for subject in map(subject_of, verdict.openings)
    ]
    wide = [each for each in widths if reach.population.head_count(each[1]).everyone]
    if wide:
        yield from wide
        return
    rest = [bits for _, bits in widths]
    for place, each in enumerate(widths):  # widest first
        if not reach.population.head_count(FrozenBitMap.union(*rest[place:])).everyone:
            return
        yield each


def _widest_allowed(
    number: int, verdict: Verdict, reach: PopulationReach, grants: VerdictGrants
) -> tuple[Subject, FrozenBitMap] | None:
    rest = FrozenBitMap.deserialize(verdict.reach) - FrozenBitMap.deserialize(verdict.violators)
    count = reach.population.head_count(rest)
    if verdict.contract is None or (count.people <= verdict.contract and not count.everyone):
        return None
    behind = {subject: bits & rest for subject, bits in sorted(grants.holders(number).items())}
    widest = max(behind, key=lambda subject: len(behind[subject]), default=None)
    return (widest, behind[widest]) if widest is not None and behind[widest] else None
