"""A mend as an alert says it: the statements, who runs them, and what they do."""

from collections.abc import Callable, Mapping

from app.core.incidents import MendStatement, Plan

#: So many statements stand in an alert, each no longer than this: a statement that was cut
#: must not be run, so a longer one is named and not shown.
STATEMENTS, LONGEST_STATEMENT = 3, 1_000

#: Incident → its mend, as `mend_said`; None where nobody made one.
MendOf = Callable[[str], Mapping[str, object] | None]


def no_mend(_: str) -> None:
    """Nobody made any."""


def mend_said(key: str, plan: Plan) -> dict[str, object]:
    """What a notice carries of a mend."""
    statements = len(plan.statements)
    shown = [_statement(each, key) for each in plan.statements[:STATEMENTS]]
    said: dict[str, object] = {
        "words": _words(key, plan),
        "effect": _effect(plan),
        "statements": shown,
        "statement_count": statements,
        "exact": plan.exact,
        "bound": plan.bound,
        "cannot": plan.cannot,
    }
    found = plan.simulation
    if found is not None:
        said["simulation"] = {
            "closes_all": found.closes_all,
            "exposures_closed": found.exposures_closed,
            "exposures_left": found.exposures_left,
            "tables_closed": found.tables_closed,
            "people_closed": found.people_closed,
            "allowed_lost": found.allowed_lost,
            "allowed_lost_sample": [list(each) for each in found.allowed_lost_sample[:3]],
            "opened": found.opened,
        }
    return said


def mend_missing(key: str) -> dict[str, object]:
    """What a notice says where the mend is made when somebody asks."""
    return {"words": f"ask for it: {plan_command(key)}"}


def _statement(each: MendStatement, key: str) -> dict[str, str]:
    sql = each.sql if len(each.sql) <= LONGEST_STATEMENT else ""
    said = {"sql": sql, "run_as": each.run_as, "set_role": each.set_role, "because": each.because}
    return said if sql else said | {"left_out": f"{len(each.sql)} characters: {plan_command(key)}"}


def _words(key: str, plan: Plan) -> str:
    statements = len(plan.statements)
    if not statements:
        return f"no statement does: {plan.cannot}"
    first = plan.statements[0]
    if len(first.sql) > LONGEST_STATEMENT:
        said = f"{_counted(statements, 'statement')} of {len(first.sql)} characters"
        return f"{said}: {plan_command(key)}"
    before = f"SET ROLE {first.set_role}; " if first.set_role else ""
    more = f" and {_counted(statements - 1, 'more statement')} ({plan_command(key)})"
    return f"{before}{first.sql} (run by {_who(first)}){more if statements > 1 else ''}"


def _who(statement: MendStatement) -> str:
    kind, _, name = statement.run_as.partition(":")
    if kind == "user":
        return name
    return "an administrator" if kind == "admin" else "anyone"


def _effect(plan: Plan) -> str:
    found = plan.simulation
    if found is None:
        return ""
    closed = _counted(found.exposures_closed, "exposure")
    said = [f"closes {closed} on {_counted(found.tables_closed, 'table')}"]
    if found.exposures_left:
        whose = "by other incidents" if found.closes_all else "by this cause too"
        said.append(f"leaves {found.exposures_left:,} {whose}")
    lost = _counted(found.allowed_lost, "access", "accesses")
    said.append(f"takes {lost} that policy allows" if found.allowed_lost else "takes nothing else")
    if found.opened:
        said.append(f"opens {_counted(found.opened, 'exposure')}")
    if plan.cannot and plan.statements:
        said.append(f"not the whole: {plan.cannot}")
    return "; ".join(said)


def plan_command(key: str) -> str:
    """What shows the whole plan of an incident."""
    return f"lakewarden incidents plan {key}"


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
