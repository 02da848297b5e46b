"""Who hears of a move behind the bell: those to whom an appeal goes, comes back or is given (domain 2.11)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.journal.effects_model import Step
from hotline.journal.model import Phase
from hotline.journal.notice_model import NoticeKind
from hotline.journal.notices import About, notify
from hotline.journal.process_model import EffectKind, Transition
from hotline.journal.review_notices import tell_reviewers
from hotline.journal.tables import AppealRecord
from hotline.staff.tables import UserRoleRow, UserRow


async def tell_people(
    session: AsyncSession, row: AppealRecord, transition: Transition, step: Step, before: Phase
) -> None:
    """Tell those concerned by a move that was made on ``row``; never who made it himself.

    :param before: the phase that the appeal left.
    """
    about = About(row.id, row.number)
    if transition.effect(EffectKind.TARGET) is not None:
        people = {row.forwarded_to_id} if row.forwarded_to_id else await _group(session, row)
        await notify(session, people - {step.user.id}, NoticeKind.FORWARDED, about, step.at)
    if row.phase == Phase.REVIEW and before is not Phase.REVIEW and transition.effect(EffectKind.EXTENSION) is None:
        await tell_reviewers(session, row, step)
    owner = {row.owner_id} - {step.user.id}
    if transition.effect(EffectKind.CALLBACK) is not None:
        await notify(session, owner, NoticeKind.CALLBACK, about, step.at)
    elif transition.effect(EffectKind.REMARK) is not None and transition.effect(EffectKind.REOPEN) is not None:
        await notify(session, owner, NoticeKind.RETURNED, about, step.at)
    elif before is Phase.INCOMING and row.phase == Phase.ACTIVE and transition.effect(EffectKind.OWNER) is None:
        await notify(session, owner, NoticeKind.DECLINED, about, step.at)
    elif transition.effect(EffectKind.OWNER) == "target":
        await notify(session, owner, NoticeKind.REASSIGNED, about, step.at)


async def _group(session: AsyncSession, row: AppealRecord) -> set[int | None]:
    """Return everybody of the level and organisation to whom it was forwarded."""
    statement = (
        select(UserRow.id)
        .join(UserRoleRow, UserRoleRow.user_id == UserRow.id)
        .where(
            UserRow.active,
            UserRow.organisation_id == row.forwarded_org_id,
            UserRoleRow.role_code == row.forwarded_role,
        )
    )
    return set(await session.scalars(statement))
