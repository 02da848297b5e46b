"""The one door through which an appeal changes: phase or text with version, history, audit and outbox together."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput, Conflict, Forbidden, HotlineError
from hotline.journal import effects, outbox, process_store, visibility
from hotline.journal.complaint import Justified
from hotline.journal.effects_model import Group, Step
from hotline.journal.forwarding import Kind
from hotline.journal.model import AppealChanged, Form, Phase
from hotline.journal.move_notices import tell_people
from hotline.journal.process_model import Ask, EffectKind, Given, ResultFacts, Transition
from hotline.journal.process_store import actor
from hotline.journal.recipients import require_forwarding, require_group
from hotline.journal.tables import AppealRecord, AppealWorkerRow, StatusEventRow
from hotline.journal.tables_classifier import ResultRow
from hotline.journal.workflow import IllegalMoveError, choose, decide, destination
from hotline.staff.audit import audit

__all__ = ["Group", "Step", "actor", "move", "note"]

log = logging.getLogger(__name__)


async def move(session: AsyncSession, row: AppealRecord, trigger: str, step: Step) -> Transition:
    """Make the move ``trigger`` on a locked or a new row, and everything that belongs to it; return what was made.

    A result that has a move of its own (S001-090, S001-091) makes that one instead.

    :raises Conflict: the phase does not allow it, or nobody is left who could go on.
    :raises Forbidden: the user may not do it, or the matrix forbids the target (``forwarding-forbidden``).
    :raises BadInput: something that the transition asks for is missing or wrong; ``details`` names the fields.
    """
    process = await process_store.process(session)
    facts = await process_store.facts_of(session, row)
    who = actor(row, step.user)
    given = await _given(session, step)
    phase = Phase(row.phase)
    before = {row.owner_id, row.forwarded_to_id}
    try:
        if given.result is not None and given.result.trigger:
            trigger = given.result.trigger
        transition = choose(process, facts, trigger, who)
        await _require_target(session, row, transition, step, given)
        decide(process, facts, trigger, who, given)
        status = destination(process, transition, facts, row.deleted_from or "")
    except IllegalMoveError as error:
        raise as_error(error) from error
    close_date = row.close_date
    if step.form.measures.strip():
        row.measures = step.form.measures.strip()
    if row.id is not None:
        row.version += 1
    await effects.apply(session, row, transition, step)
    row.phase, row.status_code = status.phase.value, status.code
    session.add(row)  # a new row enters the session only now that it is whole
    await session.flush()
    log.info("appeal %s: %s -%s-> %s", row.number, phase, transition.code, status.phase)
    event = _event(row, transition, step, phase)
    event.result_code = given.result.code if given.result else None
    event.close_date = close_date if row.close_date is None else row.close_date
    session.add(event)
    kind = process_store.kind_of(transition.effect(EffectKind.TELL))
    await _tell(session, row, step, transition.code, kind, before, transition.code)
    await tell_people(session, row, transition, step, phase)
    return transition


async def note(
    session: AsyncSession, row: AppealRecord, step: Step, *, event: str, kind: str, others: set[int | None]
) -> None:
    """Write history, audit, outbox and who has worked with the appeal, for a change that is already in ``row``."""
    session.add(
        StatusEventRow(
            appeal_id=row.id,
            at=step.at,
            by_id=step.user.id,
            event=event,
            from_phase=row.phase,
            to_phase=row.phase,
            status_code=row.status_code,
            owner_id=row.owner_id,
            comment=step.comment.strip(),
        )
    )
    await _tell(session, row, step, event, kind, others)


def _event(row: AppealRecord, transition: Transition, step: Step, from_phase: Phase) -> StatusEventRow:
    target = ""
    if step.target is not None:
        target = step.target.short_name
    elif step.group is not None:
        target = f"{step.group.role} {step.group.organisation.short_name}"
    return StatusEventRow(
        appeal_id=row.id,
        at=step.at,
        by_id=step.user.id,
        event=transition.code,
        from_phase=None if from_phase is Phase.DRAFT else from_phase.value,
        to_phase=row.phase,
        status_code=row.status_code,
        owner_id=row.owner_id,
        comment=step.comment.strip(),
        target=target,
    )


async def _tell(
    session: AsyncSession,
    row: AppealRecord,
    step: Step,
    event: str,
    kind: str,
    others: set[int | None],
    moved: str = "",
) -> None:
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
        AppealChanged(kind, row.id, row.number, tuple(sorted(user for user in concerned if user)), step.at, moved),
    )


async def _given(session: AsyncSession, step: Step) -> Given:
    form = step.form
    result = None
    if form.result:
        found = await session.get(ResultRow, form.result)
        if found is None or (found.valid_to is not None and found.valid_to <= step.at.date()):
            raise BadInput("there is no such result", error_id="move-incomplete", details={"result": "unknown"})
        result = ResultFacts(found.code, frozenset(found.needs), found.trigger or "")
    if form.justified and form.justified not in list(Justified):
        raise BadInput("not a value", error_id="move-incomplete", details={"justified": "unknown"})
    link = False
    if form.link:
        same = select(AppealRecord.id).where(AppealRecord.number == form.link)
        limits = visibility.appeals(step.user)
        link = await session.scalar(same if limits is None else same.where(limits)) is not None
        if not link:
            raise BadInput("there is no such appeal", error_id="move-incomplete", details={"link": "unknown"})
    return Given(
        comment=step.comment,
        result=result,
        measures=form.measures,
        target=step.target is not None or step.group is not None,
        due_at=form.due_at,
        written_close_date=form.written_close_date,
        link=link,
        organisation=form.organisation,
        notice=form.notice,
        justified=form.justified,
    )


async def _require_target(
    session: AsyncSession, row: AppealRecord, transition: Transition, step: Step, given: Given
) -> None:
    """Ask the matrix about whom it goes to, when the transition gives it to somebody."""
    clause = transition.asked(Ask.TARGET)
    if clause is None or not given.target:
        return
    kind, form = Kind(clause.argument), Form(row.form)
    if step.target is not None:
        await require_forwarding(session, step.user, step.target, form, step.comment, kind)
    elif step.group is not None:
        await require_group(session, step.user, step.group.role, step.group.organisation, form, step.comment, kind)


def as_error(error: IllegalMoveError) -> HotlineError:
    """Return an illegal move as the error that the web part shows."""
    if error.reason == "asks":
        error_id = "comment-required" if set(error.details) == {"comment"} else "move-incomplete"
        return BadInput(str(error), error_id=error_id, details=error.details)
    words = str(error)
    if error.reason == "role":
        return Forbidden(words, error_id="not-yours-to-move")
    if error.reason == "right":
        return Forbidden(words, error_id="no-right-to-move")
    if error.reason == "condition":
        return Conflict(words, error_id="not-for-such-appeals", details=error.details)
    return Conflict(words, error_id="illegal-move")
