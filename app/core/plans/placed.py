"""The recorded grants of one principal, with the objects they stand on."""

from app.core.facts import GRANT_LEVELS
from app.core.memberships import Subject
from app.core.plans.desk import PlanDesk
from app.core.plans.pieces import PlacedRow


def placed_rows(desk: PlanDesk, subject: Subject) -> list[PlacedRow]:
    """Every recorded grant to a principal, at any level."""
    lookup, grants = desk.view.lookup, desk.view.lookup.rows("grants")
    placed = []
    for number in desk.rows_of(subject):
        level = GRANT_LEVELS[grants.value("level", number)]
        place = grants.value("object", number)
        row = lookup.grant_row(number)
        if level == "database":
            placed.append(PlacedRow(row, database=place))
        else:
            placed.append(PlacedRow(row, table=place))
    return placed
