"""The sentences that the reports for people share: counts, principals, openings, who can.

Every name goes through names.show. Nothing is said of what was not counted.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.names import show
from app.core.openings import MODE, NESTING
from app.core.run_report import Posture
from app.report.moments import iso_date

Row = Mapping[str, Any]

#: In a sentence, at most this many names of a list are written out.
NAMED = 5

_PLURALS = {
    "person": "people",
    "active person": "active people",
    "group of unknown size": "groups of unknown size",
    "name nobody knows": "names nobody knows",
}


def number(value: int | None) -> str:
    """`45,000`, or `unknown`."""
    return "unknown" if value is None else f"{value:,}"


def counted(value: int, thing: str) -> str:
    """`1 table`, `45,000 tables`."""
    return f"{value:,} {thing if value == 1 else _PLURALS.get(thing, thing + 's')}"


def listed(items: Sequence[str], most: int = NAMED) -> str:
    """`a, b and c`; of many more than `most`, `a, b and 3 more`."""
    if len(items) == most + 1:
        most += 1
    shown = list(items[:most])
    if len(items) > most:
        shown.append(f"{len(items) - most:,} more")
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]


def capitalised(sentence: str) -> str:
    """The sentence with a capital letter, the rest as it is."""
    return sentence[:1].upper() + sentence[1:]


def principal(text: str) -> str:
    """`role:x` as `role x`."""
    kind, found, name = text.partition(":")
    return f"{show(kind)} {show(name)}" if found else show(text)


def everyone(posture: Posture, people: int | None = None) -> str:
    """`everyone (3,200 people)`; where a few are missing, `everyone (3,104 of 3,200 people)`."""
    if not posture["people"]["directory_known"]:
        return "everyone (how many people that is, no directory says)"
    active = posture["people"]["active_people"]
    some = f"{people:,} of " if people is not None and people < active else ""
    return f"everyone ({some}{counted(active, 'person')})"


def who_can(row: Row, posture: Posture) -> str:
    """Who is behind an exposure: everyone, or the heads that were counted."""
    if row["everyone"]:
        return everyone(posture, row["people"])
    said = _heads(row) or "nobody counted"
    return f"{said}, in doubt" if row["in_doubt"] else said


def _heads(row: Row, prefix: str = "") -> str:
    """The heads of each sort that a row counts, none where there are none."""
    heads = [
        counted(row[prefix + name], thing)
        for name, thing in (
            ("people", "person"),
            ("services", "service"),
            ("inactive", "inactive user"),
            ("unknown", "name nobody knows"),
            ("opaque_groups", "group of unknown size"),
        )
        if row.get(prefix + name)
    ]
    return listed(heads) if heads else ""


def opening_cause(opening: Row) -> str:
    """What was done: a nesting, grants, or nothing being checked."""
    name = principal(opening["opening"])
    if opening["form"] == MODE:
        return "authorization is off, so Hive checks nothing"
    if opening["form"] != NESTING:
        widely = opening["everyone"] and opening["opening"] != "role:public"
        members = ", which everyone belongs to," if widely else ""
        return f"{name}{members} was granted rights directly"
    if len(opening["path"]) == 1:
        return f"{name} was granted to role public{_by(opening)}{_on(opening)}{_rows(opening)}"
    way = listed([show(step) for step in opening["path"]], most=len(opening["path"]))
    since = iso_date(opening["since"])
    newest = f", the newest made on {since}" if since else ""
    return (
        f"role public reaches {name} through {counted(len(opening['path']), 'membership')}"
        f"{newest}{_rows(opening)}: {way}"
    )


def opening_effect(opening: Row, posture: Posture) -> str:
    """What it lets whom do. Of a few, those are counted whom policy does not allow it."""
    wrong = "" if opening["everyone"] else _heads(opening, "wrong_")
    if opening["everyone"]:
        who = everyone(posture, opening["people"])
    elif wrong or opening["people"]:
        who = wrong or counted(opening["people"], "person")
    else:
        who = "whoever is behind it, whom nobody has counted,"
    rights = listed([show(right) for right in opening["rights"]])
    tables = counted(opening["tables"], "table")
    classes = listed([show(name) for name in opening["classes"]]) if opening["classes"] else ""
    what = f"{tables} of {classes}" if classes else f"{tables} that nobody has classified"
    return f"{who} can {rights} {what}" + (", against policy" if wrong else "")


def opening_sentence(opening: Row, posture: Posture) -> str:
    """Cause and effect in one sentence, without its full stop."""
    return f"{opening_cause(opening)}: {opening_effect(opening, posture)}"


def closing_sentence(opening: Row) -> str:
    """What would close it, as far as the recorded rows say: the mend beside it is simulated."""
    if opening["form"] == MODE:
        return (
            "Turning authorization on closes it; which grants then decide, another audit "
            "in that mode says."
        )
    name = principal(opening["opening"])
    if opening["form"] != NESTING:
        return (
            f"Taking the grants of {name} back closes it. Hive lets a grantor revoke only "
            "rows of his own, so each row needs the grantor that stands in it."
        )
    if len(opening["path"]) == 1:
        return (
            f"One membership opened it: {show(opening['path'][0])}{_rows(opening)}. Taking "
            f"it back closes this way for everyone; members of {name} by name keep theirs."
        )
    return (
        "Taking back one of these memberships closes this way; what opened it is the newest "
        "of them. Another way that leads to the same role stays."
    )


def _by(opening: Row) -> str:
    return f" by {show(opening['granted_by'])}" if opening["granted_by"] else ""


def _on(opening: Row) -> str:
    since = iso_date(opening["since"])
    return f" on {since}" if since else ""


def _rows(opening: Row) -> str:
    rows = [show(row) for row in opening["path_rows"] if row]
    return f" ({', '.join(rows)})" if rows else ""


def verdict_sentence(posture: Posture) -> str:
    """How the run ended: the exit code and why."""
    reasons = [show(reason) for reason in posture["reasons"]]
    if posture["exit_code"] == 0 and not reasons:
        return "Exit 0: nothing that reaches the threshold, and nothing in doubt."
    why = "; ".join(reasons) or "no reason was recorded"
    return f"Exit {posture['exit_code']}: {why}."


def baseline_sentence() -> str:
    """What a first run is."""
    return (
        "This is the first audit of this lake: a baseline. Everything open today is listed, "
        "and none of it is called new."
    )


def incomplete_sentence(posture: Posture) -> str:
    """That the report cannot be trusted to be all, and why not."""
    gaps = counted(len(posture["gaps"]), "gap")
    why = f"{gaps} in what could be read" if posture["gaps"] else "not all could be judged"
    return f"This report is incomplete: {why}. What is not listed here is not thereby closed."


def unchanged_sentence(posture: Posture) -> str:
    """That nothing changed, as far as could be seen."""
    seen = "Nothing" if posture["complete"] else "Nothing that could be read"
    return f"{seen} opened, grew, shrank or closed since the last audit."


def empty_sentence(posture: Posture) -> str:
    """What to say where there is no exposure at all."""
    tables = counted(posture["objects"]["tables"], "table")
    if not posture["objects"]["tables"]:
        return "No table was found in this lake, so nothing could be judged."
    if posture["complete"]:
        return f"No exposure was found among {tables}."
    return f"No exposure was found in what could be read of {tables}; that is not all of it."
