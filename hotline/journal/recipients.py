"""To whom an appeal may go: the matrix of the profile over the people who are there (domain 2.4, S000-45…S000-50)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput, Forbidden
from hotline.journal import settings_store
from hotline.journal.forwarding import Kind, Party, may_forward
from hotline.journal.model import Form
from hotline.staff import queries as staff_queries
from hotline.staff.model import Organisation, Right, User
from hotline.staff.tables import UserRow


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to whom an appeal may be forwarded."""

    user_id: int
    full_name: str
    organisation: str
    roles: frozenset[str]
    needs_reason: bool = False
    """He can be given the appeal only with a reason (reassignment by an administrator)."""
    login: str = ""
    extension: str | None = None


async def recipients(session: AsyncSession, user: User, form: Form) -> tuple[Recipient, ...]:
    """Return everybody to whom ``user`` may forward an appeal of this form, by name."""
    rules = await settings_store.forward_rules(session)
    rows = await session.execute(
        staff_queries.users_with_rights()
        .where(UserRow.active, ~UserRow.service)
        .order_by(UserRow.last_name, UserRow.first_name, UserRow.patronymic, UserRow.id)
    )
    sender = party(user)
    found = []
    for target in map(staff_queries.to_user, rows):
        allowed = may_forward(sender, party(target), form, rules).allowed
        reassigned = (
            not allowed
            and user.may(Right.APPEAL_EDIT_ANY)
            and may_forward(sender, party(target), form, rules, kind=Kind.REASSIGN, reason_given=True).allowed
        )
        if allowed or reassigned:
            found.append(
                Recipient(
                    target.id,
                    target.full_name,
                    target.organisation.short_name,
                    target.roles,
                    reassigned,
                    target.login,
                    target.extension,
                )
            )
    return tuple(found)


async def find_target(session: AsyncSession, user_id: int) -> User:
    """Return whom an appeal goes to.

    :raises BadInput: nobody.
    """
    target = await staff_queries.find_user(session, UserRow.id == user_id)
    if target is None:
        raise BadInput("there is no such user", details={"to_user_id": "unknown"})
    return target


async def require_forwarding(
    session: AsyncSession, user: User, target: User, form: Form, comment: str = "", kind: Kind = Kind.FORWARD
) -> None:
    """Ask the matrix (domain 2.4).

    :raises Forbidden: no; ``details["reason"]`` says why.
    """
    await _require(session, user, party(target), form, comment, kind)


async def require_group(
    session: AsyncSession,
    user: User,
    role: str,
    organisation: Organisation,
    form: Form,
    comment: str = "",
    kind: Kind = Kind.FORWARD,
) -> None:
    """Ask the matrix about a group: anybody of a role in an organisation.

    :raises Forbidden: as :func:`require_forwarding`.
    """
    await _require(session, user, Party(0, frozenset({role}), organisation.id), form, comment, kind)


async def _require(session: AsyncSession, user: User, receiver: Party, form: Form, comment: str, kind: Kind) -> None:
    rules = await settings_store.forward_rules(session)
    verdict = may_forward(party(user), receiver, form, rules, kind=kind, reason_given=bool(comment.strip()))
    if not verdict.allowed:
        raise Forbidden(
            "the appeal may not go to this user",
            error_id="forwarding-forbidden",
            details={"reason": verdict.reason},
        )


def party(user: User) -> Party:
    """Return what the matrix looks at."""
    return Party(user.id, user.roles, user.organisation.id, user.active)
