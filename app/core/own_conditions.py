"""What Lakewarden says of itself: conditions that begin, are said once, and end."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.core.incidents import Notice
from app.core.routes import WATCHER


@dataclass(frozen=True, slots=True)
class Condition:
    """Something about Lakewarden itself that somebody should know of, while it lasts.

    key: the same for as long as it lasts. over: the words when it has ended.
    told: false where its beginning was said by whoever noticed it first.
    """

    key: str
    title: str
    severity: str
    over: str
    lake: str = ""
    told: bool = True


@dataclass(frozen=True, slots=True)
class Sight:
    """What holds now. Of keys under `unseen` nobody knows: they stay as they were."""

    conditions: tuple[Condition, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A condition that began once; `sequence` counts its beginnings and its ends."""

    condition: Condition
    sequence: int
    since: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class Turns:
    """What is to be kept, and what is to be said."""

    standing: tuple[Standing, ...] = ()
    notices: tuple[Notice, ...] = field(default_factory=tuple)


def turns(before: Mapping[str, Standing], sight: Sight, now: datetime) -> Turns:
    """Conditions that begin and end: each is said once, and again when it ends."""
    kept: list[Standing] = []
    said: list[Notice] = []
    seen = {condition.key: condition for condition in sight.conditions}
    for key, condition in sorted(seen.items()):
        known = before.get(key)
        if known is not None and known.is_open:
            continue
        one = Standing(condition, known.sequence + 1 if known else 1, now, is_open=True)
        kept.append(one)
        if condition.told:
            said.append(_notice(one, now))
    for key, known in sorted(before.items()):
        if known.is_open and key not in seen and not _is_under(key, sight.unseen):
            one = Standing(known.condition, known.sequence + 1, known.since, is_open=False)
            kept.append(one)
            said.append(_notice(one, now))
    return Turns(tuple(kept), tuple(said))


def _is_under(key: str, prefixes: Iterable[str]) -> bool:
    return any(key.startswith(prefix) for prefix in prefixes)


def _notice(one: Standing, now: datetime) -> Notice:
    condition = one.condition
    digest = hashlib.sha256(condition.key.encode()).hexdigest()[:16]
    return Notice(
        id=f"{WATCHER}-{digest}-{one.sequence}",
        kind=WATCHER,
        lake=condition.lake,
        incident="",
        sequence=one.sequence,
        at=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        run="",
        actor="",
        severity=condition.severity,
        classes=(),
        kinds=("watcher",),
        title=condition.title if one.is_open else condition.over,
        data={
            "key": condition.key,
            "resolved": not one.is_open,
            "since": int(one.since.timestamp()),
        },
    )
