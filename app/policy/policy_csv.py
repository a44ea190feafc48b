"""`policy.csv`: read as CSV is, every line checked against the model.

pycasbin's own file adapter splits at commas whatever the quotes and loads a line that
lacks a field; both surface at the first question. Here each record is one line, `#` at
its beginning makes it a comment, and a value in quotes may hold commas and blanks.
"""

import re
from collections.abc import Iterator

from app.core.frozen import frozen
from app.core.verdicts import PolicyLine
from app.policy.model_conf import CasbinModel
from app.policy.places import Place, nearest, quoted
from app.policy.subjects import EVERYONE, PREFIXES, is_audience

EFFECTS = ("allow", "deny")


@frozen(slots=False)
class Record:
    """One line of policy.csv: its first word and the values after it."""

    place: Place
    key: str
    values: tuple[str, ...]


@frozen(slots=False)
class PolicyFile:
    """All lines of policy.csv, in shape but not yet checked for meaning."""

    lines: tuple[PolicyLine, ...]
    groupings: dict[str, tuple[Record, ...]]

    @property
    def hand_groupings(self) -> dict[str, tuple[tuple[str, ...], ...]]:
        """The groupings as rows."""
        return {key: tuple(row.values for row in rows) for key, rows in self.groupings.items()}


#: A value in quotes, with quotes doubled, or one that does not begin with a quote; blanks
#: around it do not count.
_VALUE = re.compile(r'[ \t]*(?:"((?:[^"]|"")*)"|([^", \t][^,]*?|))[ \t]*(,|\Z)')


def records(text: str, file: str) -> Iterator[Record]:
    """The lines that are no comments. Raises PolicyError."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            place = Place(file, number)
            key, *values = _values(line.strip(), place)
            yield Record(place, key, tuple(values))


def _values(line: str, place: Place) -> Iterator[str]:
    position = 0
    while True:
        found = _VALUE.match(line, position)
        if not found:
            raise place.error(
                f"this is not CSV from column {position + 1} on",
                'Put a value that holds a comma or a quote in "quotes", with quotes doubled',
            )
        inside, plain, separator = found.groups()
        yield plain if inside is None else inside.replace('""', '"')
        if not separator:
            return
        position = found.end()


def read_policy(text: str, file: str, model: CasbinModel) -> PolicyFile:
    """The lines of a policy, each of the model's shape. Raises PolicyError."""
    lines: list[PolicyLine] = []
    groupings: dict[str, list[Record]] = {key: [] for key in model.groupings}
    for record in records(text, file):
        if record.key == "p":
            _check_policy_line(record, model)
            lines.append(PolicyLine(record.values, file, record.place.line))
        elif record.key in groupings:
            _check_grouping(record, model)
            groupings[record.key].append(record)
        else:
            raise _unknown_key(record, model)
    if not lines:
        raise Place(file).error(
            "there are zero policies: nothing could be judged",
            "Add a line such as `p, group:hr-payroll, payroll, select, allow`",
        )
    return PolicyFile(tuple(lines), {key: tuple(rows) for key, rows in groupings.items()})


def _unknown_key(record: Record, model: CasbinModel) -> Exception:
    known = ["p", *model.groupings]
    mend = f"Lines begin with {', '.join(known)}; a comment with #"
    if record.key.startswith("g"):
        mend = f"{model.file} has no `{record.key} = _, _` in [role_definition]: add it there"
    elif record.key.startswith("p"):
        mend = "Lakewarden asks with `p` only"
    return record.place.error(f"{quoted(record.key)} begins no line of a policy", mend)


def _check_policy_line(record: Record, model: CasbinModel) -> None:
    shape = f"The model's policy is `p, {', '.join(model.fields)}`"
    _check_size(record, len(model.policy), shape)
    effect = model.position_of("eft")
    if effect is not None and record.values[effect] not in EFFECTS:
        raise record.place.error(
            f"the effect is {quoted(record.values[effect])}",
            f"{nearest(record.values[effect], EFFECTS)}Write allow or deny; "
            "a comment stands on a line of its own",
        )
    priority = model.position_of("priority")
    if priority is not None:
        value = record.values[priority]
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise record.place.error(
                f"the priority is {quoted(value)}", "Write a whole number; 1 goes before 2"
            )


def _check_grouping(record: Record, model: CasbinModel) -> None:
    names = model.groupings[record.key]
    _check_size(record, names, f"Write `{record.key}, child, parent`")
    if record.key != "g":
        return
    for name in record.values:
        check_audience(name, record.place)


#: Casbin's own reader keeps what stands in them together, commas and all; CSV does not.
_PAIRS = (("(", ")"), ("[", "]"))


def _check_size(record: Record, size: int, shape: str) -> None:
    if len(record.values) != size:
        if any(
            value.count(begin) != value.count(end)
            for value in record.values
            for begin, end in _PAIRS
        ):
            shape = f'{shape}; put a value that holds a comma in "quotes"'
        raise record.place.error(
            f"the line has {len(record.values)} values after `{record.key}`, not {size}", shape
        )
    empty = [position for position, value in enumerate(record.values, start=1) if not value]
    if empty:
        raise record.place.error(f"value {empty[0]} after `{record.key}` is empty", shape)


def check_audience(name: str, place: Place) -> None:
    """Refuse what is no `user:x`, `group:x`, `role:x` or `everyone`."""
    if is_audience(name):
        return
    mend = "An audience is user:NAME, group:NAME, role:NAME or everyone"
    prefix, colon, rest = name.partition(":")
    if name.lower() in (EVERYONE, "*", "public", "anyone", "all"):
        mend = f"Write `{EVERYONE}`"
    elif colon and rest and f"{prefix.strip().lower()}:" in PREFIXES:
        mend = f"Write `{prefix.strip().lower()}:{rest.strip()}`"
    elif rest:
        known = [known.rstrip(":") for known in PREFIXES]
        mend = f"{nearest(prefix, known)}{mend}"
    raise place.error(f"{quoted(name)} is no audience", mend)
