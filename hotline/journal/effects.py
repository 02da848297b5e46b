"""What a transition does to an appeal besides its status (``process_model.EffectKind``), in the move's transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import Conflict
from hotline.journal import extensions, links
from hotline.journal.effects_model import Step
from hotline.journal.process_model import BEFORE, SAME, EffectKind, Transition
from hotline.journal.tables import AppealRecord, is_open
from hotline.journal.tables_card import AppealLinkRow
from hotline.journal.tables_lifecycle import CallbackTaskRow, RemarkRow
from hotline.staff import queries as staff_queries
from hotline.staff.model import User
from hotline.staff.tables import UserRoleRow, UserRow


async def apply(session: AsyncSession, row: AppealRecord, transition: Transition, step: Step) -> None:
    """Do everything that ``transition`` does to ``row`` but its phase and status."""
    if transition.effect(EffectKind.DELETE) is None and transition.to not in {BEFORE, SAME}:
        # Nobody is waited for any more, unless the transition says so. What is deleted comes back as it was.
        row.forwarded_to_id = row.forwarded_role = row.forwarded_org_id = None
    for clause in transition.effects:
        kind = EffectKind(clause.word)
        if kind in _EFFECTS:
            await _EFFECTS[kind](session, row, step, clause.argument)


async def _owner(session: AsyncSession, row: AppealRecord, step: Step, whose: str) -> None:
    owner = {"actor": step.user, "target": step.target}.get(whose)
    if whose == "closer":
        owner = await _closer(session, row)
    if owner is not None:
        row.owner_id = owner.id
        row.responsible_org_id = owner.organisation.id


async def _closer(session: AsyncSession, row: AppealRecord) -> User:
    """Return who closed the appeal, or somebody in his place when he no longer works here (T11)."""
    closer = await staff_queries.find_user(session, UserRow.id == (row.closed_by_id or row.owner_id))
    if closer is None or not closer.active:
        deputy = await _deputy(session, closer)
        if deputy is None:
            raise Conflict("nobody is left who could go on with this appeal", error_id="no-deputy")
        return deputy
    return closer


async def _deputy(session: AsyncSession, absent: User | None) -> User | None:
    """Return the colleague of the same level and organisation who has least to do."""
    if absent is None:
        return None
    load = (
        select(func.count())
        .select_from(AppealRecord)
        .where(AppealRecord.owner_id == UserRow.id, is_open())
        .correlate(UserRow)
        .scalar_subquery()
    )
    statement = (
        select(UserRow.id)
        .join(UserRoleRow, UserRoleRow.user_id == UserRow.id)
        .where(
            UserRow.active,
            UserRow.organisation_id == absent.organisation.id,
            UserRoleRow.role_code.in_(sorted(absent.roles)),
            UserRow.id != absent.id,
        )
        .order_by(load, UserRow.id)
        .limit(1)
    )
    found = await session.scalar(statement)
    return None if found is None else await staff_queries.find_user(session, UserRow.id == found)


async def _target(_session: AsyncSession, row: AppealRecord, step: Step, _: str) -> None:
    if step.target is not None:
        row.forwarded_to_id = step.target.id
    elif step.group is not None:
        row.forwarded_role, row.forwarded_org_id = step.group.role, step.group.organisation.id


async def _close(session: AsyncSession, row: AppealRecord, step: Step, _: str) -> None:
    row.close_date, row.closed_by_id = step.at, step.user.id
    row.result_code = step.form.result or row.result_code
    row.result_comment = step.comment.strip() or row.result_comment
    row.result_org = step.form.organisation.strip()
    row.citizen_told = step.form.notice
    row.written_close_date = step.form.written_close_date or row.written_close_date
    row.justified = step.form.justified or row.justified
    await _duplicate(session, row, step, "")


async def _reopen(_session: AsyncSession, row: AppealRecord, _step: Step, _: str) -> None:
    row.close_date = row.final_closed_at = None
    row.closed_by_id = row.final_closed_by_id = None


async def _final(_session: AsyncSession, row: AppealRecord, step: Step, _: str) -> None:
    row.final_closed_at, row.final_closed_by_id = step.at, step.user.id


async def _due(_session: AsyncSession, row: AppealRecord, step: Step, _: str) -> None:
    if step.form.due_at is not None:
        row.due_at, row.due_manual = step.form.due_at, True


async def _extension(session: AsyncSession, row: AppealRecord, step: Step, what: str) -> None:
    work = {
        "ask": extensions.ask,
        "approve": extensions.approve,
        "refuse": extensions.refuse,
        "give": extensions.give,
    }
    await work[what](session, row, step)


async def _duplicate(session: AsyncSession, row: AppealRecord, step: Step, _: str) -> None:
    """Link the appeal that this one repeats, when its number was given (result «Дубликат»)."""
    if not step.form.link:
        return
    other = await session.scalar(select(AppealRecord.id).where(AppealRecord.number == step.form.link))
    if other is not None and other != row.id:
        link = {"from_id": row.id, "to_id": other, "kind": links.LinkKind.DUPLICATE.value}
        statement = insert(AppealLinkRow).values(**link, by_id=step.user.id, at=step.at)
        await session.execute(statement.on_conflict_do_nothing())


async def _remark(session: AsyncSession, row: AppealRecord, step: Step, _: str) -> None:
    session.add(RemarkRow(appeal_id=row.id, by_id=step.user.id, text=step.comment.strip(), at=step.at))


async def _resolve(session: AsyncSession, row: AppealRecord, step: Step, _: str) -> None:
    await session.execute(
        update(RemarkRow)
        .where(RemarkRow.appeal_id == row.id, RemarkRow.resolved_at.is_(None))
        .values(resolved_at=step.at)
    )


async def _callback(session: AsyncSession, row: AppealRecord, step: Step, _: str) -> None:
    await _called(session, row, step, "")  # a new promise takes the place of an old one
    session.add(CallbackTaskRow(appeal_id=row.id, user_id=row.owner_id, note=step.comment.strip(), at=step.at))


async def _called(session: AsyncSession, row: AppealRecord, step: Step, _: str) -> None:
    await session.execute(
        update(CallbackTaskRow)
        .where(CallbackTaskRow.appeal_id == row.id, CallbackTaskRow.done_at.is_(None))
        .values(done_at=step.at, done_by_id=step.user.id)
    )


async def _delete(_session: AsyncSession, row: AppealRecord, step: Step, _: str) -> None:
    row.deleted_at, row.deleted_by_id = step.at, step.user.id
    row.deleted_reason = step.comment.strip()
    row.deleted_from = row.status_code


async def _restore(_session: AsyncSession, row: AppealRecord, _step: Step, _: str) -> None:
    row.deleted_at = row.deleted_by_id = row.deleted_from = None
    row.deleted_reason = ""


_EFFECTS: Mapping[EffectKind, Callable[[AsyncSession, AppealRecord, Step, str], Awaitable[None]]] = {
    EffectKind.OWNER: _owner,
    EffectKind.TARGET: _target,
    EffectKind.CLOSE: _close,
    EffectKind.REOPEN: _reopen,
    EffectKind.FINAL: _final,
    EffectKind.DUE: _due,
    EffectKind.EXTENSION: _extension,
    EffectKind.REMARK: _remark,
    EffectKind.RESOLVE: _resolve,
    EffectKind.CALLBACK: _callback,
    EffectKind.CALLED: _called,
    EffectKind.DELETE: _delete,
    EffectKind.RESTORE: _restore,
}
"""``tell`` is read where the event is published."""
