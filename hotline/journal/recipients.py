"""To whom an appeal may go: the matrix of the profile over the people who are there (domain 2.4, S000-45…S000-50)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput, Forbidden
from hotline.journal import settings_store
from hotline.journal.forwarding import Kind, Party, may_forward
from hotline.journal.model import Form
from hotline.staff import queries as staff_queries
from hotline.staff.model import Right, User
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


async def recipients(session: AsyncSession, user: User, form: Form) -> tuple[Recipient, ...]:
    """Return everybody to whom ``user`` may forward an appeal of this form, by name."""
    rules = await settings_store.forward_rules(session)
    rows = await session.execute(
        staff_queries.users_with_rights()
        .where(UserRow.active)
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
                Recipient(target.id, target.full_name, target.organisation.short_name, target.roles, reassigned)
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


async def require_forwarding(session: AsyncSession, user: User, target: User, form: Form, comment: str = "") -> None:
    """Ask the matrix (domain 2.4); administrators may reassign with a reason.

    :raises Forbidden: no; ``details["reason"]`` says why.
    """
    rules = await settings_store.forward_rules(session)
    sender, receiver = party(user), party(target)
    verdict = may_forward(sender, receiver, form, rules)
    if not verdict.allowed and user.may(Right.APPEAL_EDIT_ANY):
        verdict = may_forward(sender, receiver, form, rules, kind=Kind.REASSIGN, reason_given=bool(comment.strip()))
    if not verdict.allowed:
        raise Forbidden(
            "the appeal may not go to this user",
            error_id="forwarding-forbidden",
            details={"reason": verdict.reason},
        )


def party(user: User) -> Party:
    """Return what the matrix looks at."""
    return Party(user.id, user.roles, user.organisation.id, user.active)
