"""Everybody: each person, service and unknown name as one bit of a roaring bitmap.

Bit 0 is ANYONE: whoever else has a name that nothing here mentions. A principal that
reaches everyone (the role `public`) has it, so set algebra alone tells that a right is
open to people nobody listed. Bits 1 … n are the named users in bytewise order. The bits
after them are opaque groups: groups that something refers to and whose members nobody
told us, each one member of unknown size.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property

import pyarrow as pa
from pyroaring import BitMap, FrozenBitMap

from app.core import compute as pc
from app.core.frozen import frozen

ANYONE = 0
PERSON, SERVICE, UNKNOWN = "person", "service", "unknown"
_GROUP, _ANYONE_KIND = "group", "anyone"


@frozen
class HeadCount:
    """How many of each a set holds. `everyone` is computed, never assumed."""

    people: int  # active people of the directory
    services: int  # active services of the directory
    inactive: int  # leavers: users whom the directory calls inactive
    unknown: int  # names that the directory does not know
    opaque_groups: int  # groups of unknown size
    anyone: bool  # whoever has a name
    everyone: bool  # anyone, or at least `everyone_at` of the active people, or worst case


@frozen(slots=False)
class Population:
    """The users, their kinds, and the groups and roles as sets of them.

    Built once for a snapshot and an authorization mode by `core.reach`.
    """

    users: Sequence[str]  # bit i+1 is users[i]; sorted
    opaque: tuple[str, ...]  # bit len(users)+1+i is the group opaque[i]; sorted
    active_people: FrozenBitMap
    services: FrozenBitMap  # active or not
    active_services: FrozenBitMap
    inactive: FrozenBitMap
    unknown: FrozenBitMap
    directory_known: bool
    groups: Mapping[str, FrozenBitMap]  # every group named anywhere; transitive
    roles: Mapping[str, FrozenBitMap]  # holders of each role as the lake's engine sees it
    # child → parents among subjects `user:x`, `group:x`, `role:x`, `everyone`
    edges: Mapping[str, tuple[str, ...]]
    # The edges that begin at no user, where `groups` and `roles` hold everybody whom `edges`
    # lead there (every opaque group in itself); None where they may hold less.
    nested: Mapping[str, tuple[str, ...]] | None = None
    everyone_at: float = 0.9
    _ordinals: Mapping[str, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self._ordinals:
            ordinals = {name: bit for bit, name in enumerate(self.users, start=1)}
            object.__setattr__(self, "_ordinals", ordinals)

    @cached_property
    def everybody(self) -> FrozenBitMap:
        """All bits: ANYONE, every named user, every opaque group."""
        return FrozenBitMap(range(1 + len(self.users) + len(self.opaque)))

    def bit(self, user: str) -> int:
        """The bit of a user by exact name; ANYONE for a name nothing mentions."""
        return self._ordinals.get(user, ANYONE)

    def subject(self, bit: int) -> str:
        """`user:x` or `group:x` of a bit; `anyone` for ANYONE."""
        if bit == ANYONE:
            return _ANYONE_KIND
        if bit <= len(self.users):
            return f"user:{self.users[bit - 1]}"
        return f"group:{self.opaque[bit - 1 - len(self.users)]}"

    def subjects(self, bits: Iterable[int]) -> Iterator[str]:
        """The subjects of a set, in bit order."""
        return (self.subject(bit) for bit in bits)

    def kind(self, bit: int) -> str:
        """person, service or unknown; `group` for an opaque one, `anyone` for ANYONE."""
        if bit == ANYONE:
            return _ANYONE_KIND
        if bit > len(self.users):
            return _GROUP
        if bit in self.unknown:
            return UNKNOWN
        return SERVICE if bit in self.services else PERSON

    @cached_property
    def subject_table(self) -> pa.Table:
        """Every bit with its subject, kind and activity, for who reads its bitmaps later."""
        kinds = [_ANYONE_KIND, *[PERSON] * len(self.users), *[_GROUP] * len(self.opaque)]
        active = [True] * len(kinds)
        for bits, kind in ((self.services, SERVICE), (self.unknown, UNKNOWN)):
            for bit in bits:
                kinds[bit] = kind
        for bit in self.inactive:
            active[bit] = False
        users = pc.binary_join_element_wise("user", pa.array(self.users, pa.string()), ":")
        groups = pc.binary_join_element_wise("group", pa.array(self.opaque, pa.string()), ":")
        return pa.table(
            {
                "bit": pa.array(range(len(kinds)), pa.int64()),
                "subject": pa.concat_arrays([pa.array([_ANYONE_KIND]), users, groups]),
                "kind": pa.array(kinds, pa.string()),
                "active": pa.array(active, pa.bool_()),
            }
        )

    def head_count(self, bits: BitMap | FrozenBitMap) -> HeadCount:
        """Count a set. A set with an opaque group may be everyone, so it counts as such."""
        if len(bits) != 1:
            return self._counted(bits)
        one = bits.min()
        known = self._ones.get(one)
        if known is None:
            known = self._ones[one] = self._counted(bits)
        return known

    @cached_property
    def _ones(self) -> dict[int, HeadCount]:
        """The counts of single bits: most sets that are counted are one user, often the same."""
        return {}

    def _counted(self, bits: BitMap | FrozenBitMap) -> HeadCount:
        people = bits.intersection_cardinality(self.active_people)
        opaque = bits.range_cardinality(len(self.users) + 1, len(self.users) + 1 + len(self.opaque))
        anyone = ANYONE in bits
        wide = bool(self.active_people) and people >= self.everyone_at * len(self.active_people)
        return HeadCount(
            people=people,
            services=bits.intersection_cardinality(self.active_services),
            inactive=bits.intersection_cardinality(self.inactive),
            unknown=bits.intersection_cardinality(self.unknown),
            opaque_groups=opaque,
            anyone=anyone,
            everyone=anyone or wide or opaque > 0,
        )
