"""The one door through which an appeal changes: phase or text with version, history, audit and outbox together."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput, Conflict, Forbidden, HotlineError
from hotline.journal import outbox
from hotline.journal.model import AppealChanged, Phase
from hotline.journal.tables import AppealRecord, AppealWorkerRow, StatusEventRow
from hotline.journal.tables_classifier import StatusRow
from hotline.journal.workflow import Actor, IllegalMoveError, Owner, Trigger, Who, decide
from hotline.staff.audit import audit
from hotline.staff.model import Right, User

log = logging.getLogger(__name__)

_KINDS = {
    Trigger.SAVE: "appeal.created",
    Trigger.FORWARD: "appeal.forwarded",
    Trigger.HAND_OVER: "appeal.forwarded",
    Trigger.ACCEPT: "appeal.accepted",
}


@dataclass(frozen=True, slots=True)
class Step:
    """Who moves an appeal, when, and why."""

    user: User
    at: datetime
    comment: str = ""
    target: User | None = None


def actor(row: AppealRecord, user: User) -> Actor:
    """Return what ``user`` is to an appeal."""
    who = set()
    if row.creator_id == user.id:
        who.add(Who.CREATOR)
    if row.owner_id == user.id:
        who.add(Who.OWNER)
    if row.forwarded_to_id == user.id:
        who.add(Who.TARGET)
    if user.may(Right.APPEAL_EDIT_ANY):
        who.add(Who.ADMIN)
    return Actor(frozenset(who), user.permissions)


async def status_of(session: AsyncSession, phase: Phase) -> str:
    """Return the code of the status that stands for ``phase``.

    :raises Conflict: the profile has none; nobody could see such an appeal.
    """
    code = await session.scalar(
        select(StatusRow.code)
        .where(StatusRow.phase == phase, StatusRow.default_for_phase)
        .order_by(StatusRow.sort, StatusRow.code)
        .limit(1)
    )
    if code is None:
        raise Conflict(f"the profile has no status for the phase {phase}", error_id="no-status")
    return code


async def move(session: AsyncSession, row: AppealRecord, trigger: Trigger, step: Step) -> None:
    """Make the move ``trigger`` on a locked or a new row, and everything that belongs to it.

    :raises Conflict: the phase does not allow it.
    :raises Forbidden: the user may not do it.
    :raises BadInput: a comment is missing.
    """
    phase = Phase(row.phase)
    try:
        made = decide(phase, trigger, actor(row, step.user), comment=step.comment)
    except IllegalMoveError as error:
        raise _as_error(error) from error
    status_code = await status_of(session, made.to)
    before = {row.owner_id, row.forwarded_to_id}
    row.phase = made.to.value
    row.status_code = status_code
    row.forwarded_to_id = step.target.id if made.sets_target and step.target else None
    new_owner = {Owner.KEPT: None, Owner.ACTOR: step.user, Owner.TARGET: step.target}[made.owner]
    if new_owner is not None:
        row.owner_id = new_owner.id
        row.responsible_org_id = new_owner.organisation.id
    if row.id is not None:
        row.version += 1
    session.add(row)  # a new row enters the session only now that it is whole
    await session.flush()
    log.info("appeal %s: %s -%s-> %s", row.number, phase, trigger, made.to)
    kind = _KINDS.get(trigger, "appeal.changed")
    await note(session, row, step, event=trigger.value, kind=kind, from_phase=phase, others=before)


async def note(
    session: AsyncSession,
    row: AppealRecord,
    step: Step,
    *,
    event: str,
    kind: str,
    from_phase: Phase,
    others: set[int | None],
) -> None:
    """Write history, audit, outbox and who has worked with the appeal, for a change that is already in ``row``."""
    session.add(
        StatusEventRow(
            appeal_id=row.id,
            at=step.at,
            by_id=step.user.id,
            event=event,
            from_phase=None if from_phase is Phase.DRAFT else from_phase.value,
            to_phase=row.phase,
            status_code=row.status_code,
            owner_id=row.owner_id,
            comment=step.comment.strip(),
        )
    )
    workers = {step.user.id, row.owner_id}
    await session.execute(
        insert(AppealWorkerRow)
        .values([{"appeal_id": row.id, "user_id": user_id} for user_id in sorted(workers)])
        .on_conflict_do_nothing()
    )
    audit(
        session,
        "change",
        ("appeal", row.id),
        user_id=step.user.id,
        at=step.at,
        details={"event": event, "version": row.version},
    )
    concerned = workers | others | {row.creator_id, row.forwarded_to_id}
    outbox.put(
        session,
        AppealChanged(kind, row.id, row.number, tuple(sorted(user for user in concerned if user)), step.at),
    )


def _as_error(error: IllegalMoveError) -> HotlineError:
    if error.reason == "comment":
        return BadInput(str(error), error_id="comment-required", details={"comment": "required"})
    if error.reason == "phase":
        return Conflict(str(error), error_id="illegal-move")
    return Forbidden(str(error), error_id="illegal-move")
