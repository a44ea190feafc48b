"""What Hive did with statements (tried.yaml), read."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.hive.hive_server import ADMIN

FILE = Path(__file__).with_name("tried.yaml")
MODES = ("sql-standard", "legacy")


@dataclass(frozen=True)
class Tried:
    """One thing tried."""

    says: str
    modes: tuple[str, ...]
    lake: tuple[str, ...]
    runner: str
    change: tuple[str, ...]
    refused: tuple[str, ...]
    after: frozenset[str]
    gone: frozenset[str]


def tried(mode: str) -> list[Tried]:
    """All that was tried in a mode."""
    read = [_read(each) for each in yaml.safe_load(FILE.read_text("utf-8"))]
    return [each for each in read if mode in each.modes]


def as_admin(mode: str) -> str:
    """What the administrator says first."""
    return "SET ROLE ADMIN" if mode == "sql-standard" else f"GRANT ALL TO USER {ADMIN}"


def _read(entry: dict[str, object]) -> Tried:
    def listed(key: str) -> tuple[str, ...]:
        found = entry.get(key, ())
        assert isinstance(found, list | tuple), (entry["says"], key)
        return tuple(found)

    change = listed("change")
    return Tried(
        says=str(entry["says"]),
        modes=listed("modes") or MODES,
        lake=listed("lake"),
        runner=str(entry.get("as", ADMIN)),
        change=tuple(each.removeprefix("! ") for each in change),
        refused=tuple(each[2:] for each in change if each.startswith("! ")),
        after=frozenset(listed("after")),
        gone=frozenset(listed("gone")),
    )
