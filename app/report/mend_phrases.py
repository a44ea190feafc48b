"""What the reports for people say of a mend: its statements ready to copy, and what they do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.names import show
from app.core.run_report import Posture
from app.report import phrases

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToRun:
    """A statement as it is copied: comments, and lines of SQL with nothing left to escape."""

    comments: tuple[str, ...]
    sql: tuple[str, ...]


def mend_of_widest(posture: Posture) -> Row | None:
    """The mend of the widest opening's own incident; None where no such incident was told."""
    return next((each for each in posture.get("mends") or () if each["widest"]), None)


def other_mends(posture: Posture) -> list[Row]:
    """The mends of the next gravest incidents."""
    return [each for each in posture.get("mends") or () if not each["widest"]]


#: What makes the mends of every incident.
ALL_MENDS = "lakewarden incidents mends"

#: What stands before the command that shows the whole plan.
WHOLE_PLAN = "The whole plan, and what undoes it:"


def missing_sentence(posture: Posture) -> str:
    """Why nothing is said of what closes the widest opening; before ALL_MENDS."""
    if posture.get("mends") is None:
        return "This run drafted no mend. To have one made:"
    return "No incident that could be seen is this opening's own, so no mend was made. To ask:"


def to_run(plan: Row) -> Iterator[ToRun]:
    """The statements that the posture carries of a plan."""
    for each in plan["statements"]:
        because = f" ({show(each['because'])})" if each["because"] else ""
        who = phrases.principal(each["run_as"]) if each["run_as"] else "nobody can"
        comments = [f"run as {who}{because}"]
        sql = [f"SET ROLE {each['set_role']};"] if each["set_role"] else []
        if not each["sql"]:
            yield ToRun((*comments, f"too long to stand here: {each['left_out']}"), ())
        elif show(each["sql"]) != each["sql"]:
            # Escaped, it would be another statement.
            comments.append("its names hold characters that are not shown: --format json has it")
            yield ToRun(tuple(comments), ())
        else:
            yield ToRun(tuple(comments), (*sql, f"{each['sql']};"))


def more_sentence(plan: Row) -> str:
    """How many statements do not stand here; empty where all do."""
    more = plan["statement_count"] - len(plan["statements"])
    return f"and {phrases.counted(more, 'statement')} more" if more > 0 else ""


def not_made_sentence(mend: Row) -> str:
    """That nothing is known of what would close it, and why; before the mend's command."""
    why = f": {show(mend['why_not'])}" if mend["why_not"] else ""
    return f"No mend was made here{why}. To have one made:"


def cannot_sentence(plan: Row) -> str:
    """Why statements do not do it, or not all of it; empty where they do."""
    if not plan["cannot"]:
        return ""
    label = "This does not close all of it" if plan["statement_count"] else "No statement closes it"
    return f"{label}: {show(plan['cannot'])}."


def simulated_sentence(plan: Row) -> str:
    """What the simulation found; empty where there is nothing to run."""
    found = plan["simulation"]
    if found is None:
        return ""
    said = (
        f"Simulated: closes {phrases.counted(found['exposures_closed'], 'exposure')} on "
        f"{phrases.counted(found['tables_closed'], 'table')} for "
        f"{phrases.counted(found['people_closed'], 'person')}"
    )
    return f"{said}; {_left(found)}; {_lost(found)}{_opened(found)}."


def _left(found: Row) -> str:
    left = found["exposures_left"]
    if not left:
        return "nothing is left"
    are = "is" if left == 1 else "are"
    whose = "opened by others too" if found["closes_all"] else "still opened by this"
    return f"{left:,} {are} left, {whose}"


def _lost(found: Row) -> str:
    if not found["allowed_lost"]:
        return "takes nothing that policy allows"
    sample = [
        f"{phrases.principal(who)} {show(right)} {show(name)}"
        for who, right, name in found["allowed_lost_sample"]
    ]
    lost = found["allowed_lost"]
    count = f"{lost:,} {'access' if lost == 1 else 'accesses'}"
    named = f", for example {phrases.listed(sample)}" if sample else ""
    return f"takes {count} that policy allows{named}"


def _opened(found: Row) -> str:
    return f"; opens {phrases.counted(found['opened'], 'exposure')}" if found["opened"] else ""


def alternative_sentence(mend: Row) -> str:
    """That there is a gentler plan, or that none was found; empty where none is needed."""
    if mend["alternative"] is not None:
        return "An alternative that takes less of what policy allows:"
    found = mend["simulation"]
    if found is not None and found["allowed_lost"]:
        return "Whether narrower grants can keep that, the whole plan says."
    return ""


def about(mend: Row, posture: Posture) -> str:
    """What a mend is for: its cause, and how wide that is."""
    who = (
        phrases.everyone(posture) if mend["everyone"] else phrases.counted(mend["people"], "person")
    )
    doubt = ", in doubt" if mend["in_doubt"] else ""
    return f"{show(mend['cause'])}: {who}, {phrases.counted(mend['tables'], 'table')}{doubt}"


def in_lines(sql: str, room: int) -> Sequence[str]:
    """A statement in lines of so many letters, broken between words only.

    Within backticks nothing is broken: a name with a line end in it would be another name.
    So a line may be longer than there is room.
    """
    lines, line = list[str](), ""
    for word in _words(sql):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line = f"  {word}"
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _words(sql: str) -> Iterator[str]:
    word, quoted = "", False
    for letter in sql:
        quoted ^= letter == "`"
        if letter == " " and not quoted:
            yield word
            word = ""
        else:
            word += letter
    yield word
