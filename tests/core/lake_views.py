"""A random lake opened for questions, with classes by name and policy by a rule of thumb."""

from collections.abc import Mapping
from pathlib import Path

from pyroaring import FrozenBitMap

from app.core.lake_view import ClassOnTable, LakeView
from app.core.reach import PopulationReach
from app.core.rights import MODES
from app.core.verdicts import Judge, PolicyLine
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_writer import Taken, write_snapshot
from tests.core.random_lakes import RandomLake

DATABASES = ("default", "hr")

#: Who may do what with the class `keys`: by hand, so that a test can say it again.
ALLOWED = {("ann", "select"), ("bob", "select"), ("bob", "insert")}


def allowed(user: str, classes: tuple[str, ...], right: str) -> bool:
    """Policy: `keys` for those in ALLOWED, `payroll` for nobody, the rest for all."""
    return "payroll" not in classes and ("keys" not in classes or (user, right) in ALLOWED)


class NamedClasses:
    """`keys…` tables carry keys, `pay…` tables keys on one column and payroll on all."""

    def __init__(self, snapshot: StoredSnapshot) -> None:
        self._names = snapshot.mapped("tables")["name"].to_pylist()

    def __call__(self, tables: tuple[int, ...]) -> Mapping[int, tuple[ClassOnTable, ...]]:
        return {table: self._classes(self._names[table]) for table in tables}

    def _classes(self, name: str) -> tuple[ClassOnTable, ...]:
        if name.startswith("keys"):
            return (ClassOnTable("keys", "by name"),)
        if name.startswith("pay"):
            return (ClassOnTable("payroll", "by name"), ClassOnTable("keys", "x", "keystroke"))
        return ()


class ThumbJudge:
    """The same policy over everybody; as much of a Judge as questions ask for."""

    slow_because = ""

    def __init__(self, reach: PopulationReach) -> None:
        self._population = reach.population

    def permitted(self, data_class: str, right: str) -> FrozenBitMap:
        """Whoever policy allows it."""
        return FrozenBitMap(
            bit
            for bit in self._population.everybody
            if allowed(self._population.subject(bit).removeprefix("user:"), (data_class,), right)
        )

    def deciding_line(self, subject: str, data_class: str, right: str) -> PolicyLine | None:
        """No line: a rule of thumb."""
        return None

    def decide(self, user: str, data_class: str, right: str) -> tuple[bool, PolicyLine | None]:
        """The same of one user, whoever he is."""
        return allowed(user, (data_class,), right), None


def view_of(
    lake: RandomLake, folder: Path, mode: str, groups: str | None = "directory"
) -> LakeView:
    """The lake as a snapshot, opened under a mode."""
    return bare_view(
        write_snapshot(lake.facts(), folder / "snapshots", Taken.now("random", "")), mode, groups
    )


def bare_view(snapshot: StoredSnapshot, mode: str, groups: str | None = "none") -> LakeView:
    """A snapshot opened under a mode, with classes and policy by the rules of thumb."""
    judge: type[Judge] = ThumbJudge  # type: ignore[assignment]
    return LakeView(
        lake="random",
        snapshot=snapshot,
        mode=MODES[mode],
        engine_groups=groups,
        everyone_at=0.9,
        classes_of=NamedClasses(snapshot),
        decide_one=lambda user, classes, right: (allowed(user, classes, right), ()),
        compile_judge=judge,
    )


def objects_of(lake: RandomLake) -> list[str]:
    """Every database and table, in the order of questions' answers."""
    names = [row["name"] for row in lake.of("databases")]
    for table in lake.of("tables"):
        names.append(f"{DATABASES[table['database_id']]}.{table['name']}")
    return sorted(names, key=lambda name: [part.encode() for part in name.split(".")])
