"""The administrator's actions on many appeals: preview, then one transaction a row: one failure stops nobody else.

Nothing is decided here: each row goes through the same door as from its own page (:mod:`hotline.journal.moving`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.clock import Clock
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden, HotlineError, Unavailable
from hotline.journal import appeal_view, extensions, process_store, targets, terms
from hotline.journal.bulk_rules import (
    EXTEND,
    MOST,
    RIGHTS,
    TRIGGERS,
    BulkAction,
    BulkForm,
    BulkResult,
    BulkRow,
    plan,
)
from hotline.journal.forwarding import Kind
from hotline.journal.lifecycle_model import MoveForm
from hotline.journal.moving import Moving, locked, require_version
from hotline.journal.outbox import Outbox
from hotline.journal.process_model import Process
from hotline.journal.queries import visible
from hotline.journal.tables import AppealRecord, StatusEventRow
from hotline.journal.tables_classifier import AppealTypeRow, DeadlineRuleRow, StatusRow
from hotline.journal.tables_terms import ExtensionRequestRow
from hotline.journal.targets_model import TargetPerson
from hotline.staff.audit import audit
from hotline.staff.model import Right, User, short_name
from hotline.staff.tables import OrganisationRow, UserRow

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Wish:
    action: BulkAction
    form: BulkForm


class Bulk:
    """Preview and run. Needs ``appeal.bulk``, and what each move itself needs."""

    def __init__(self, db: Database, clock: Clock, zone: ZoneInfo, relay: Outbox, moving: Moving) -> None:
        self._db = db
        self._clock = clock
        self._zone = zone
        self._outbox = relay
        self._moving = moving

    async def preview(self, user: User, action: BulkAction, ids: Sequence[int]) -> tuple[BulkRow, ...]:
        """Return what would happen to each, the most pressing first; what the user may not see is left out.

        :raises Forbidden: the user may not act on many.
        :raises BadInput: nothing, or more than :data:`MOST`.
        """
        _require(user, action, len(ids))
        now = self._clock.now()
        async with self._db.begin() as session:
            process = await process_store.process(session)
            rows = (await session.execute(_statement(user, ids))).all()
            return tuple(self._row(process, row, user, action, now) for row in rows)

    async def colleagues(self, user: User, appeal_id: int) -> tuple[TargetPerson, ...]:
        """Return to whom ``user`` may give appeals like this one (domain 2.4, reassignment)."""
        async with self._db.begin() as session:
            row = await locked(session, appeal_id)
            return (await targets.find(session, user, row, Kind.REASSIGN)).people

    async def run(
        self, user: User, action: BulkAction, rows: Sequence[tuple[int, int]], form: BulkForm
    ) -> tuple[BulkResult, ...]:
        """Act on each appeal that is still as the preview showed it; return what became of each, in order.

        :param rows: id and version of each. Sent again after a lost answer, what was done counts as done.
        :raises Unavailable: the database went away; what was not answered may be sent again.
        """
        _require(user, action, len(rows))
        wish = _Wish(action, form)
        results = [await self._one(user, wish, appeal_id, version) for appeal_id, version in rows]
        done = sum(bool(result.done) for result in results)
        async with self._db.begin() as session:
            details = {"event": action.value, "asked": len(results), "done": done}
            audit(session, "change", ("bulk", ""), user_id=user.id, at=self._clock.now(), details=details)
        await self._outbox.relay()
        log.info("bulk %s by user %d: %d of %d", action, user.id, done, len(results))
        return tuple(results)

    async def _one(self, user: User, wish: _Wish, appeal_id: int, version: int) -> BulkResult:
        number = ""
        try:
            async with self._db.begin() as session:
                number = await session.scalar(select(AppealRecord.number).where(AppealRecord.id == appeal_id)) or ""
                done, after = await self._act(session, user, wish, appeal_id, version)
        except Unavailable:
            raise
        except HotlineError as error:
            return BulkResult(appeal_id, number, error_id=error.error_id, details=error.details)
        return BulkResult(appeal_id, number, done, after)

    async def _act(
        self, session: AsyncSession, user: User, wish: _Wish, appeal_id: int, version: int
    ) -> tuple[str, int]:
        row = await locked(session, appeal_id)
        await appeal_view.require_visible(session, user, appeal_id)
        process = await process_store.process(session)
        if made := await _made_before(session, process, row, user, wish, version):
            return made, row.version
        require_version(row, version)
        facts = await process_store.facts_of(session, row)
        planned = plan(process, facts, process_store.actor(row, user), wish.action)
        if not planned.trigger:
            raise Conflict(
                "this is not possible for this appeal", error_id="illegal-move", details={"check": planned.problem}
            )
        due_at = wish.form.due_at
        if due_at is None and planned.trigger == EXTEND:
            zone = await terms.zone_of(session, row.organisation_id, self._zone)
            due_at = extensions.offered(row.due_at, self._clock.now(), facts.max_extension_days, zone)
        form = MoveForm(comment=wish.form.comment, to_user_id=wish.form.to_user_id, due_at=due_at)
        await self._moving.move_one(session, user, appeal_id, planned.trigger, version, form)
        return planned.trigger, row.version

    def _row(self, process: Process, row: Row[Any], user: User, action: BulkAction, now: datetime) -> BulkRow:
        appeal: AppealRecord = row.AppealRecord
        facts = process_store.facts(appeal, row, row.max_extension_days)
        planned = plan(process, facts, process_store.actor(appeal, user), action)
        new_due = None
        if planned.trigger == "approve_extension":
            new_due = row.asked_due
        elif planned.trigger == EXTEND:
            zone = ZoneInfo(row.time_zone) if row.time_zone else self._zone
            new_due = extensions.offered(appeal.due_at, now, facts.max_extension_days, zone)
        owner = short_name(row.last_name, row.first_name, row.patronymic)
        return BulkRow(appeal.id, appeal.number, appeal.version, row.status, owner, appeal.due_at, planned, new_due)


async def _made_before(
    session: AsyncSession, process: Process, row: AppealRecord, user: User, wish: _Wish, version: int
) -> str:
    """Return the move that this user made on ``version`` just before: its answer was lost and he asks again."""
    if row.version != version + 1:
        return ""
    last = await session.scalar(
        select(StatusEventRow).where(StatusEventRow.appeal_id == row.id).order_by(StatusEventRow.id.desc()).limit(1)
    )
    if last is None or last.by_id != user.id:
        return ""
    codes = {one.code for one in process.transitions if one.trigger in TRIGGERS[wish.action]}
    return last.event if last.event in codes else ""


def _statement(user: User, ids: Sequence[int]) -> Any:
    waiting = (
        select(ExtensionRequestRow.new_due)
        .where(ExtensionRequestRow.appeal_id == AppealRecord.id, ExtensionRequestRow.decision == extensions.PENDING)
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(
            AppealRecord,
            AppealTypeRow.is_consultation,
            AppealTypeRow.is_complaint,
            DeadlineRuleRow.max_extension_days,
            StatusRow.title.label("status"),
            UserRow.last_name,
            UserRow.first_name,
            UserRow.patronymic,
            OrganisationRow.time_zone,
            waiting.label("asked_due"),
        )
        .join(AppealTypeRow, AppealTypeRow.code == AppealRecord.type_code)
        .join(StatusRow, StatusRow.code == AppealRecord.status_code)
        .join(UserRow, UserRow.id == AppealRecord.owner_id)
        .join(OrganisationRow, OrganisationRow.id == AppealRecord.organisation_id)
        .outerjoin(DeadlineRuleRow, DeadlineRuleRow.code == AppealRecord.due_rule)
        .where(AppealRecord.id.in_(sorted(set(ids))))
        .order_by(AppealRecord.due_at, AppealRecord.id)
    )
    limits = visible(user)
    return statement if limits is None else statement.where(limits)


def _require(user: User, action: BulkAction, count: int) -> None:
    if not user.may(Right.APPEAL_BULK) or not user.may(RIGHTS[action]):
        raise Forbidden("this user may not do that with many appeals", error_id="no-right")
    if not 0 < count <= MOST:
        raise BadInput("choose some appeals", error_id="bulk-count", details={"most": MOST})
