"""CREATE, DROP, GRANT, REVOKE and SET ROLE, as Hive 4.0.1 carries them out."""

from dataclasses import replace

from app.core.change.causes import Taking, Wrote
from app.core.change.notes import Kind, Refused
from app.core.change.session import Session
from app.core.memberships import MembershipEdge, Subject
from app.core.reach import PUBLIC
from app.core.statements.types import (
    CreateRole,
    DropRole,
    GrantRole,
    PrincipalRef,
    RevokeRole,
    SetRole,
)

_RESERVED = ("all", "default", "none")


def create_role(session: Session, said: CreateRole) -> None:
    """Make a role. Raises Refused."""
    session.need_admin("make roles", said.role.span)
    name = session.principal_name(said.role)
    if session.is_sql_standard and name in _RESERVED:
        raise Refused(f"{name} is a reserved word and no role's name", said.role.span)
    if name == PUBLIC or session.lookup.has_role(name):
        raise Refused(f"there is a role {name} already", said.role.span)
    session.lookup.made_roles.add(name)


def drop_role(session: Session, said: DropRole) -> None:
    """Drop a role, with its grants and memberships. Raises Refused."""
    session.need_admin("drop roles", said.role.span)
    name = session.principal_name(said.role)
    if name in (PUBLIC, "admin"):
        raise Refused(f"the role {name} cannot be dropped", said.role.span)
    if not session.lookup.has_role(name):
        session.note(said, Kind.NO_EFFECT, f"there is no role {name}", said.role.span)
        return
    session.lookup.drop_role(name)
    session.memberships_changed()
    session.wrote(said, Wrote.TOOK, said.role.span, role=name)


def set_role(session: Session, said: SetRole) -> None:
    """Change the session's current role. Raises Refused."""
    if not session.is_sql_standard:
        raise Refused("legacy authorization has no SET ROLE", said.span)
    why = session.runner.set_role(said.role)
    if why:
        raise Refused(why, said.span)


def grant_role(session: Session, said: GrantRole) -> None:
    """Make members of roles. Raises Refused; what came before in the statement stays."""
    _check_kinds(session, said.principals)
    _may_give(session, said.roles, "grant")
    try:
        for principal in said.principals:
            member = _member(session, principal)
            for ref in said.roles:
                _join(session, said, member, _role(session, ref), principal, ref)
    finally:
        session.memberships_changed()


def revoke_role(session: Session, said: RevokeRole) -> None:
    """End memberships of roles, or their admin option. As with grants, what came before stays."""
    _check_kinds(session, said.principals)
    _may_give(session, said.roles, "revoke")
    for principal in said.principals:
        member = _member(session, principal, taking=True)
        for ref in said.roles:
            _leave(session, said, member, _role(session, ref), principal)


def _check_kinds(session: Session, principals: tuple[PrincipalRef, ...]) -> None:
    """Looked at for all principals before anything is done. Source: Hive 4.0.1, tried."""
    for ref in principals:
        if ref.kind not in ("USER", "ROLE", "GROUP"):
            why = f"whether {ref.name} is a user, a group or a role is not said"
            raise Refused(why, ref.span, Kind.UNKNOWN)
        if ref.kind == "GROUP" and session.is_sql_standard:
            raise Refused("SQL-standard authorization knows users and roles only", ref.span)


def _may_give(session: Session, roles: tuple[PrincipalRef, ...], what: str) -> None:
    """Asked of all roles before the first is given or taken. Source: Hive 4.0.1, tried."""
    if not session.is_sql_standard:
        return
    for ref in roles:
        name = session.principal_name(ref)
        if not session.runner.may_give_role(name):
            raise Refused(
                f"{session.user} may not {what} role {name}: that takes SET ROLE ADMIN, or the "
                "role's admin option on a current role",
                ref.span,
            )


def _role(session: Session, ref: PrincipalRef) -> str:
    name = session.role(ref)
    if name == PUBLIC:
        raise Refused("everybody holds the role public: nobody is granted it", ref.span)
    return name


def _member(session: Session, ref: PrincipalRef, *, taking: bool = False) -> Subject:
    if ref.kind == "ROLE" and not taking:
        return ("ROLE", session.role(ref))
    return (ref.kind, session.principal_name(ref))


def _join(
    session: Session,
    said: GrantRole,
    member: Subject,
    role: str,
    principal: PrincipalRef,
    ref: PrincipalRef,
) -> None:
    if member[0] == "ROLE" and _leads_to(session, ("ROLE", role), member):
        session.memberships_changed()
        raise Refused(
            f"role {role} belongs to role {member[1]} already: Hive allows no cycles",
            principal.span,
        )
    rows = session.lookup.touch_members(member)
    if any(edge.of == ("ROLE", role) for edge in rows):
        session.memberships_changed()
        raise Refused(
            f"{member[0].lower()} {member[1]} has the role {role} already", ref.span, Kind.DOUBLE
        )
    rows.append(
        MembershipEdge(
            member, ("ROLE", role), "ROLE_MAP", said.with_admin_option, session.user, None
        )
    )
    rows.sort(key=lambda edge: edge.of[1].encode())
    session.wrote(said, Wrote.MEMBERSHIP, principal.span, member=member, role=role)


def _leads_to(session: Session, start: Subject, wanted: Subject) -> bool:
    """Whether the first is the second or, over any number of roles, its member."""
    seen, waiting = {start}, [start]
    while waiting:
        subject = waiting.pop()
        if subject == wanted:
            return True
        new = {edge.of for edge in session.lookup.role_rows(subject)} - seen
        seen |= new
        waiting += new
    return False


def _leave(
    session: Session, said: RevokeRole, member: Subject, role: str, principal: PrincipalRef
) -> None:
    rows = session.lookup.touch_members(member)
    found = next((edge for edge in rows if edge.of == ("ROLE", role)), None)
    who = f"{member[0].lower()} {member[1]}"
    refused = ""
    if said.admin_option_only and (found is None or not found.admin_option):
        refused = f"{who} has no admin option on role {role}"
    session.takings.append(
        Taking(
            said, principal.span, member, None, None, (), said.admin_option_only, refused, (), role
        )
    )
    if refused:
        raise Refused(refused, principal.span)
    if found is None:
        session.note(said, Kind.NO_EFFECT, f"{who} does not have role {role}", principal.span)
        return
    rows.remove(found)
    if said.admin_option_only:
        rows.append(replace(found, admin_option=False))
        rows.sort(key=lambda edge: edge.of[1].encode())
    session.memberships_changed()
    session.wrote(said, Wrote.TOOK, principal.span, member=member, role=role)
