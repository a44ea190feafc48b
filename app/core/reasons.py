"""Why an answer is what it is, in one line, and the grants that it is read from."""

from dataclasses import replace

from app.core.guarded_views import NOTHING
from app.core.lake_view import LakeView
from app.core.lookup import Place
from app.core.reach import OneUserReach, Reach
from app.core.rights.grant_rows import GrantRow

ALLOWED, DENIED, UNKNOWN = "allowed", "denied", "unknown"


def because(view: LakeView, word: str, right: str, place: Place, reach: Reach) -> str:
    """What of the grants made Hive answer so."""
    if not view.mode.inherited_levels:
        return "authorization is off"
    beside = _asked_beside(view, right, place, reach) if word != ALLOWED else ""
    if beside:
        return beside
    one = reach if isinstance(reach, OneUserReach) else None
    if word == UNKNOWN and one is not None and one.perhaps_broken:
        return "Hive cannot read a role membership of a group of his, if it sees groups at all"
    if word == UNKNOWN:
        return "only through a group, and whether the engine sees groups is not known"
    if word == DENIED:
        if one is not None and one.broken:
            return "a role membership that Hive cannot read makes it refuse"
        if _refusals(view, place, reach):
            return "a grant with a privilege Hive does not know makes it refuse"
        if view.mode.name == "sql-standard" and view.mode.can_make_themselves(reach).possible:
            return "no grant; can make himself able: SET ROLE ADMIN"
        return "no grant reaches the user"
    for grant in grants_at(view, place):
        if reach.principal(grant.principal_type, grant.principal).sure and right in gives(
            view, grant
        ):
            principal = f"{grant.principal_type.lower()} {grant.principal}"
            return f"{grant.privilege} to {principal} ({grant.source})"
    return (
        "owner" if right in ("own", "alter", "drop", "create") else "the engine asks for no grant"
    )


def _asked_beside(view: LakeView, right: str, place: Place, reach: Reach) -> str:
    """Why his grant on a view is not enough, where it is not: Hive asks for more."""
    if place.table is None or right != "select" or not view.mode.asks_under_views:
        return ""
    beside = view.lookup.guarded.asked_beside(place.table)
    own = view.lookup.table_grants(place.table, view.mode.inherited_levels)
    alone = replace(own, beside=(), beside_is_all=True)
    if beside == NOTHING or not view.mode.on_table(right, alone, reach).sure:
        return ""
    marked = "Hive asks for what is under the view too (Authorized=false)"
    lacking = [
        str(view.lookup.table_name(table))
        for table, grants in zip(beside.tables, own.beside, strict=True)
        if not view.mode.on_table(right, grants, reach).sure
    ]
    if lacking:
        return f"{marked}, and he may not surely read {', '.join(lacking)}"
    return f"{marked}, and its text does not tell all of that"


def gives(view: LakeView, grant: GrantRow) -> frozenset[str]:
    """The rights that a grant gives in the lake's mode."""
    return view.mode.meaning(
        grant.level,
        grant.principal_type,
        grant.principal,
        grant.privilege,
        grant.grant_option,
        grant.authorizer,
    ).gives


def grants_at(view: LakeView, place: Place) -> tuple[GrantRow, ...]:
    """The grants that are read where an object is asked about."""
    if place.table is None:
        return view.lookup.database_grants(place.database).grants
    found = view.lookup.table_grants(place.table, view.mode.inherited_levels).grants
    return tuple(
        grant
        for grant in found
        if not place.column or grant.column is None or grant.column == place.column
    )


def _refusals(view: LakeView, place: Place, reach: Reach) -> list[GrantRow]:
    return [
        grant
        for grant in grants_at(view, place)
        if _refuses(view, grant) and reach.principal(grant.principal_type, grant.principal).possible
    ]


def _refuses(view: LakeView, grant: GrantRow) -> bool:
    return view.mode.meaning(
        grant.level,
        grant.principal_type,
        grant.principal,
        grant.privilege,
        grant.grant_option,
        grant.authorizer,
    ).refuses
